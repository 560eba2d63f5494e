"""Copies a movie's sound into another one: the packets as they are, or encoded anew where they do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import av.container
from av.error import FFmpegError

from video.movies.movie_streams import open_movie, sound_streams

# What players take in these containers. FFmpeg's own lists are longer, and wrong in places.
_PCM = {f"pcm_{kind}" for kind in ("s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be")}
_HELD = {
    "mp4": {"aac", "mp3", "mp3float", "mp2", "mp2float", "ac3", "eac3", "alac", "flac", "opus", "libopus"},
    "mov": {"aac", "mp3", "mp3float", "ac3", "eac3", "alac", *_PCM},
}
# What sound becomes that a container cannot hold.
_ENCODERS = {"mp4": "aac", "mov": "pcm_s16le"}
_ANY_ENCODER = "flac"
# Codecs whose decoders give nothing for their first packet, or for part of it.
_WITH_DELAY = {"aac", "mp3", "mp3float", "opus", "libopus", "vorbis"}
_LAYOUTS = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1", 8: "7.1"}
_KEYWORDS = ("language", "title")


def has_sound(movie: Path) -> bool:
    """Whether a movie can be heard; raises FileError where it cannot be read."""
    with open_movie(movie) as container:
        return bool(sound_streams(container))


class SoundCopy:
    """The sound of a part of a movie, on its way into another one.

    Args:
        movie: open for reading; it is read from its beginning.
        out: open for writing, before the first packet is written.
        start, end: seconds by the movie's clock.
        notify: called with what is not copied as it is, one line each.
    """

    def __init__(
        self,
        movie: av.container.InputContainer,
        out: av.container.OutputContainer,
        start: Fraction,
        end: Fraction,
        notify: Callable[[str], None],
    ) -> None:
        self._out = out
        self._knows_delay = movie.format.name.startswith("matroska")
        self._start, self._end = start, end
        name = movie.name.removeprefix("file:")
        held = _HELD.get(out.format.name) or out.supported_codecs
        self._tracks: dict[int, _Track] = {}
        for stream in sound_streams(movie):
            if stream.codec_context is None:
                notify(f"{name}: a sound track is left out: its codec is not known")
                continue
            codec = stream.codec_context.codec.name
            if codec in held:
                self._tracks[stream.index] = _Copied(stream, out, start)
            else:
                encoder = _ENCODERS.get(out.format.name, _ANY_ENCODER)
                notify(f"{name}: its sound is encoded anew, {codec} as {encoder}")
                self._tracks[stream.index] = _Encoded(stream, out, start, encoder)
        self._packets = self._demuxed(movie) if self._tracks else iter(())
        self._next = next(self._packets, None)

    def mux_until(self, time: Fraction | None) -> None:
        """Writes what is heard before a time of the new movie, in seconds; all that is left where None."""
        while self._next is not None and (time is None or self._time(self._next) <= time):
            self._out.mux(self._tracks[self._next.stream_index].packets(self._next))
            self._next = next(self._packets, None)
        if time is None:
            for track in self._tracks.values():
                self._out.mux(track.rest())

    def _time(self, packet: av.Packet) -> Fraction:
        return (packet.pts or 0) * packet.time_base - self._start

    def _demuxed(self, movie: av.container.InputContainer) -> Iterator[av.Packet]:
        """The packets that are heard, and one before, from which a decoder goes on."""
        streams = [movie.streams[index] for index in self._tracks]
        over: set[int] = set()
        try:
            for packet in movie.demux(streams):
                if packet.pts is None or not packet.size:
                    continue
                begins = packet.pts * packet.time_base
                ends = begins + (packet.duration or 0) * packet.time_base
                if begins >= self._end:
                    over.add(packet.stream_index)
                    if len(over) == len(streams):
                        return
                elif begins >= self._start or (ends >= self._start and self._may_begin_early(packet)):
                    yield packet
        except (FFmpegError, OSError):
            return  # the movie is cut short, as its pictures are

    def _may_begin_early(self, packet: av.Packet) -> bool:
        """Whether the container can hold what is decoded and not heard.

        An edit list in MP4 and MOV leaves it out. Matroska has a delay of the codec's own for it, which is
        known of sound that comes from Matroska; beyond that it would begin everything later.
        """
        if self._out.format.name in _ENCODERS:
            return True
        return self._knows_delay and packet.stream.codec_context.codec.name in _WITH_DELAY


class _Track(Protocol):
    """A sound track of the new movie."""

    def packets(self, packet: av.Packet) -> list[av.Packet]:
        """What a packet of the old one becomes."""
        ...

    def rest(self) -> list[av.Packet]:
        """What is left at the end."""
        ...


class _Copied:
    def __init__(self, stream: av.AudioStream, out: av.container.OutputContainer, start: Fraction) -> None:
        self._stream = out.add_stream_from_template(stream, opaque=True)
        self._stream.metadata.update(_keywords(stream))
        self._shift = round(start / Fraction(stream.time_base or 1))

    def packets(self, packet: av.Packet) -> list[av.Packet]:
        packet.pts = None if packet.pts is None else packet.pts - self._shift
        packet.dts = None if packet.dts is None else packet.dts - self._shift
        packet.stream = self._stream
        return [packet]

    def rest(self) -> list[av.Packet]:
        return []


class _Encoded:
    def __init__(
        self, stream: av.AudioStream, out: av.container.OutputContainer, start: Fraction, encoder: str
    ) -> None:
        self._source = stream
        made = out.add_stream(encoder, rate=stream.rate)
        if not isinstance(made, av.AudioStream):
            raise TypeError(f"{encoder} is no encoder of sound")
        # Where a file does not say which channel is which, they are in the usual order.
        made.layout = _LAYOUTS.get(stream.channels, stream.layout.name)
        made.metadata.update(_keywords(stream))
        self._stream = made
        self._start = start

    def packets(self, packet: av.Packet) -> list[av.Packet]:
        try:
            frames = self._source.decode(packet)
        except FFmpegError:
            return []
        return [each for frame in frames for each in self._encoded(frame)]

    def rest(self) -> list[av.Packet]:
        frames = self._source.decode(None)
        return [*(each for frame in frames for each in self._encoded(frame)), *self._stream.encode(None)]

    def _encoded(self, frame: av.AudioFrame) -> list[av.Packet]:
        if frame.pts is not None and frame.time_base is not None:
            frame.pts -= round(self._start / frame.time_base)
        return self._stream.encode(frame)


def _keywords(stream: av.AudioStream) -> dict[str, str]:
    return {name: stream.metadata[name] for name in _KEYWORDS if name in stream.metadata}
