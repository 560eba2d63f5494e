"""The decoder of a movie's stream; VP8 and VP9 with alpha need another than FFmpeg's own."""

from __future__ import annotations

from collections.abc import Callable

import av
from av.video.codeccontext import VideoCodecContext

# FFmpeg's own decoders leave alpha out, which WebM carries as a second picture beside each packet.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

Decode = Callable[["av.Packet[av.VideoStream]"], list[av.VideoFrame]]


def movie_decoder(stream: av.VideoStream) -> Decode:
    """A function from a packet of the stream to the frames that it completes; an empty packet ends it."""
    context = _with_alpha(stream) or stream.codec_context
    context.thread_type = "AUTO"
    return context.decode


def _with_alpha(stream: av.VideoStream) -> VideoCodecContext | None:
    name = _WITH_ALPHA.get(stream.codec_context.codec.name)
    # Written in capitals where it was copied as a tag.
    tags = {key.lower(): text for key, text in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1":
        return None
    try:
        context = av.CodecContext.create(name, "r")
    except ValueError:
        return None  # this build of FFmpeg has no libvpx: the picture is read without its alpha
    if not isinstance(context, VideoCodecContext):
        return None
    context.extradata = stream.codec_context.extradata
    return context
