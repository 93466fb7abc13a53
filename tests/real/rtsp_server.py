"""A real RTSP server on 127.0.0.1, for the tests. Debian's own python3 runs it, which has `gi`.

```
rtsp_server.py PORT '{"door": {"file": "clip.mp4"}, …}'
```

PORT may be 0. Once it listens, it prints its port in a line. Keys of a mount: `file` (an MP4),
`codec` (h264, the default, h265, or mjpeg: made of h264), `sound` (true: the AAC goes along;
"alaw": as G.711), `udp` (true: TCP is refused), `damage` (how likely it is for a byte of the
stream to be changed, 0-1), `pictures` (after so many no more come, while the sound goes on). Every
client sees a file from its beginning, in real time. With RTSP_USER and RTSP_PASSWORD in the
environment, only those get in who know them.
"""

import json
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

ROLE = "user"
SOUND = {
    True: "rtpmp4gpay pt=97",
    "alaw": "avdec_aac ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 "
    "! alawenc ! rtppcmapay pt=8",
}

JPEG = (
    "h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420 ! jpegenc "
    "! rtpjpegpay name=pay0 pt=26"
)


def launch_line(mount):
    """What GStreamer is to do for a client."""
    codec = mount.get("codec", "h264")
    damage = mount.get("damage", 0)
    spoil = f"! breakmydata skip=4000 probability={damage} seed=7" if damage else ""
    line = (
        f'( filesrc location="{mount["file"]}" ! qtdemux name=demux '
        f"demux.video_0 ! queue ! {codec}parse {spoil} "
        f"! rtp{codec}pay name=pay0 pt=96"
    )
    if codec == "mjpeg":
        line = line.replace(f"mjpegparse {spoil} ! rtpmjpegpay name=pay0 pt=96", JPEG)
    if "pictures" in mount:
        line = line.replace("! queue !", f"! queue ! identity eos-after={mount['pictures']} !", 1)
    if mount.get("sound"):
        line += f" demux.audio_0 ! queue ! aacparse ! {SOUND[mount['sound']]} name=pay1"
    return line + " )"


def factory(mount):
    """Makes a fresh pipeline for every client of a mount."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(launch_line(mount))
    if mount.get("udp"):
        made.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role(ROLE, right, True)
    made.set_permissions(permissions)
    return made


def protection(user, password):
    """Lets only this user in."""
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    return auth


def main(port, mounts):
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    for name, mount in mounts.items():
        server.get_mount_points().add_factory(f"/{name}", factory(mount))
    if "RTSP_PASSWORD" in os.environ:
        server.set_auth(protection(os.environ["RTSP_USER"], os.environ["RTSP_PASSWORD"]))
    if not server.attach(None):
        sys.exit(f"cannot listen on port {port}")
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
