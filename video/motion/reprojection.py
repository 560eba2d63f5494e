"""Reprojection: where another camera sees a surface that is static in the world."""

from __future__ import annotations

import numpy as np

from video.frames.render_passes import BACKGROUND_DEPTH, Camera

# Pixels: a motion that leads out of every image.
_OUTSIDE = 1e6


def reproject(camera: Camera, other: Camera, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The motion of static surfaces from the image of `camera` to that of `other`.

    The background is infinitely far: it moves with the camera's rotation alone, and not at all under an
    orthographic camera.

    Args:
        depth: (H, W), along the axis of `camera`; from 1e9 on it is the background.

    Returns:
        (H, W, 2) float32, pixels, y down, to where `other` sees it; and (H, W) float32, its depth there
        (not positive where it is behind `other`). None where a camera has no projection (a fisheye).
    """
    if camera.sphere is not None and other.sphere is not None:
        return _around(camera, other, depth)
    if camera.projection is None or other.projection is None:
        return None
    height, width = depth.shape
    x, y = _device_coordinates(height, width)
    far = (depth >= BACKGROUND_DEPTH).ravel()
    distance = np.where(far, 1.0, depth.ravel()).astype(np.float64)
    # A direction has no place: the last coordinate 0 leaves the camera's own movement out.
    place = np.where(far, 0.0, 1.0)
    points = np.vstack([_unprojected(camera.projection, x, y, distance), place[None]])
    moved = np.linalg.inv(other.world) @ camera.world @ points
    clip = other.projection @ moved
    with np.errstate(divide="ignore", invalid="ignore"):
        device = clip[:2] / clip[3]
    there = np.stack([(device[0] + 1.0) * 0.5 * width, (1.0 - device[1]) * 0.5 * height], axis=1)
    here = np.stack([(x + 1.0) * 0.5 * width, (1.0 - y) * 0.5 * height], axis=1)
    motion = np.nan_to_num(there - here, nan=_OUTSIDE, posinf=_OUTSIDE, neginf=-_OUTSIDE)
    distance = np.where(far, depth.ravel(), -moved[2])
    if _orthographic(camera.projection):
        motion[far] = 0.0
    else:
        # What is behind the other camera would be mirrored into its picture.
        behind = moved[2] >= 0.0
        motion[behind], distance[behind] = _OUTSIDE, -1.0
    return (
        motion.clip(-_OUTSIDE, _OUTSIDE).reshape(height, width, 2).astype(np.float32),
        distance.reshape(height, width).astype(np.float32),
    )


def _around(camera: Camera, other: Camera, depth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `reproject`, between equirectangular pictures; depth is the distance from the camera.

    In pictures with margins, whose edges meet, a motion is at most half around.
    """
    longitude, latitude, scale = _angles(camera, depth.shape)
    far = (depth >= BACKGROUND_DEPTH).ravel()
    distance = np.where(far, 1.0, depth.ravel()).astype(np.float64)
    flat = np.cos(latitude)
    points = np.stack([flat * np.sin(longitude), np.sin(latitude), -flat * np.cos(longitude)]) * distance
    moved = (np.linalg.inv(other.world) @ camera.world @ np.vstack([points, np.where(far, 0.0, 1.0)]))[:3]
    across = np.arctan2(moved[0], -moved[2]) - longitude
    if camera.margin > 0.0:
        across = np.remainder(across + np.pi, 2.0 * np.pi) - np.pi
    up = np.arctan2(moved[1], np.hypot(moved[0], moved[2])) - latitude
    motion = np.stack([across * scale[0], -up * scale[1]], axis=1)
    found = np.where(far, depth.ravel(), np.linalg.norm(moved, axis=0))
    return motion.reshape(*depth.shape, 2).astype(np.float32), found.reshape(depth.shape).astype(np.float32)


def _angles(camera: Camera, size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """(H·W) each: longitude and latitude of the pixels' centers; pixels a radian, across and up."""
    if camera.sphere is None:
        raise ValueError("the camera is not equirectangular")
    (left, right, below, above), (height, width) = camera.sphere, size
    inner = width * (1.0 - 2.0 * camera.margin)
    scale = inner / (right - left), height / (above - below)
    longitude = left + (np.arange(width) + 0.5 - width * camera.margin) / scale[0]
    latitude = above - (np.arange(height) + 0.5) / scale[1]
    across, up = np.meshgrid(longitude, latitude)
    return across.ravel(), up.ravel(), scale


def _orthographic(projection: np.ndarray) -> bool:
    return bool(abs(projection[3, 3]) > 0.5)


def _device_coordinates(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(H·W) each: the pixels' centers in −1..1, y up."""
    across = (np.arange(width) + 0.5) / width * 2.0 - 1.0
    up = 1.0 - (np.arange(height) + 0.5) / height * 2.0
    x, y = np.meshgrid(across, up)
    return x.ravel(), y.ravel()


def _unprojected(projection: np.ndarray, x: np.ndarray, y: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """(3, N): the points in the camera's space that are at these places and distances.

    Solves projection · (X, Y, −distance, 1) ∝ (x, y) for X and Y, with the lens's shift.
    """
    z = -distance
    w = projection[3, 2] * z + projection[3, 3]
    across = (x * w - projection[0, 2] * z - projection[0, 3]) / projection[0, 0]
    up = (y * w - projection[1, 2] * z - projection[1, 3]) / projection[1, 1]
    return np.stack([across, up, z])
