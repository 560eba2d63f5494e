"""Deinterlaces: two fields that were taken one after the other become one picture, by FFmpeg's bwdif."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import av
from av.error import BlockingIOError as NotYetError
from av.error import EOFError as EndError
from av.filter import Graph


class Deinterlacer:
    """Passes progressive frames on; from the first interlaced one on all go through the filter.

    The filter gives one frame for each, at its time, and leaves progressive ones among them as they are.

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
