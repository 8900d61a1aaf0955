"""A camera with a loudspeaker, by GStreamer's RTSP server with ONVIF's back channel: FILE, PASSWORD of the user viewer.

Writes what is spoken to it into FILE as G.711 mu-law, prints its port, and "silent" each time that nobody speaks to it any
more and the file is whole, and ends with its standard input.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
path, password = sys.argv[1:]
server = GstRtspServer.RTSPOnvifServer.new()
server.set_address("127.0.0.1")
server.set_service("0")
factory = GstRtspServer.RTSPOnvifMediaFactory.new()
factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia.__gtype__)
# Nobody asks for the picture here. A source that finds nobody behind it is an error, and where that came before the talk
# began, the server let no sound through.
factory.set_launch(
    "( videotestsrc is-live=true ! errorignore ignore-notlinked=true convert-to=ok ! "
    "video/x-raw,width=160,height=120,format=I420,framerate=5/1 ! jpegenc ! "
    "rtpjpegpay name=pay0 pt=26 )"
)
factory.set_backchannel_launch(
    '( capsfilter caps="application/x-rtp, media=audio, payload=0, clock-rate=8000, encoding-name=PCMU" '
    f"name=depay_backchannel ! rtppcmudepay ! filesink async=false sync=false buffer-mode=unbuffered location={path} )"
)
factory.connect(
    "media-configure", lambda _, media: media.connect("unprepared", lambda _: print("silent", flush=True))
)
auth = GstRtspServer.RTSPAuth.new()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "user")
auth.add_digest("viewer", password, token)
server.set_auth(auth)
role = Gst.Structure.new_empty("user")
role.set_value("media.factory.access", True)
role.set_value("media.factory.construct", True)
factory.add_role_from_structure(role)
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit("no port can be listened on")
print(server.get_bound_port(), flush=True)
loop = GLib.MainLoop()
threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
loop.run()
