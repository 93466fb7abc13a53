"""How fast the pipeline is, beside decoding alone, the usual loop and ffmpeg: `fer bench`.

`suite` lists what is measured on which `clips`; `measure` runs each `work` in a fresh process;
`goals`, `table` and `chart` say what came out.
"""
