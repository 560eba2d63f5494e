"""Decodes a movie's stream: alpha of VP8 and VP9 too, and interlaced frames as progressive ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import av
from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.filter import Graph
from av.video.codeccontext import VideoCodecContext

from video.movies.movie_streams import decoded_pixels

# FFmpeg's own decoders leave alpha out, which WebM carries as a second picture beside each packet.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

Decode = Callable[["av.Packet[av.VideoStream]"], list[av.VideoFrame]]


def movie_decoder(stream: av.VideoStream) -> Decode:
    """A function from a packet of the stream to the frames that it completes; an empty packet ends it.

    A frame that is far larger than the stream says counts as damaged, before memory is taken for it.
    """
    context = _with_alpha(stream) or stream.codec_context
    context.thread_type = "AUTO"
    context.options = {"max_pixels": str(decoded_pixels(stream.width, stream.height))}
    return context.decode


class Deinterlacer:
    """Makes one picture of two fields that were taken one after the other, by FFmpeg's bwdif.

    Progressive frames are passed on. From the first interlaced one on all go through the filter, which gives
    one frame for each, at its time, and leaves progressive ones among them as they are.

    Args:
        stream: that the frames are of.
        notify: called once, at the first interlaced frame.
    """

    def __init__(self, stream: av.VideoStream, notify: Callable[[], None]) -> None:
        self._stream = stream
        self._notify = notify

    def frames(self, decoded: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """The frames in their order."""
        graph: Graph | None = None
        for frame in decoded:
            if graph is None and frame.interlaced_frame:
                self._notify()
                graph = self._graph(frame)
            if graph is None:
                yield frame
                continue
            graph.vpush(frame)
            yield from _pulled(graph)
        if graph is not None:
            graph.vpush(None)
            yield from _pulled(graph)

    def _graph(self, frame: av.VideoFrame) -> Graph:
        graph = Graph()
        source = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=frame.time_base or self._stream.time_base,
        )
        fields = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        graph.link_nodes(source, fields, graph.add("buffersink")).configure()
        return graph


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            yield graph.vpull()
        except (NotYetError, EndError):
            return


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
