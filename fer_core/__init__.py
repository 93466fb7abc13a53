"""Facial emotion in video: decode, detect faces, classify them, write Parquet records."""
