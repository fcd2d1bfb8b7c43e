"""What can be wrong with a video on any platform: the same codes and words everywhere."""

from collections.abc import Sequence

from hub.channels.platforms.base import Limits, MediaFacts, Problem, VideoLimits


def together_problems(media: Sequence[MediaFacts], limits: Limits, path: str) -> list[Problem]:
    """Return what is wrong with the videos of a post taken together."""
    shown = sum(one.is_video for one in media)
    video = limits.video
    if not shown or video is None:
        return []
    if shown > video.per_post:
        return [
            Problem(
                code="TOO_MANY_VIDEOS",
                message=f"There are {shown} videos; {video.per_post} are allowed.",
                field=path,
                limit=video.per_post,
                actual=shown,
            )
        ]
    if video.alone and shown < len(media):
        return [
            Problem(
                code="VIDEO_NOT_ALONE",
                message="Beside a video no pictures can be shown here.",
                field=path,
            )
        ]
    return []


def problems(media: MediaFacts, limits: Limits, path: str) -> list[Problem]:
    """Return what is wrong with one video: its type, size, length or dimensions."""
    video = limits.video
    if video is None:
        return [
            Problem(
                code="VIDEO_UNSUPPORTED",
                message="No videos are taken here. Put a link to it into the text.",
                field=path,
            )
        ]
    if media.mime not in video.types:
        return [
            Problem(
                code="VIDEO_TYPE",
                message=f"{media.mime} is not accepted here; {', '.join(video.types)} is.",
                field=path,
            )
        ]
    return [*_too_large(media, video, path), *_too_long(media, video, path)]


def _too_large(media: MediaFacts, video: VideoLimits, path: str) -> list[Problem]:
    found = []
    if media.size > video.bytes_max:
        found.append(
            Problem(
                code="VIDEO_TOO_LARGE",
                message=f"The video has {media.size:,} bytes; {video.bytes_max:,} are allowed.",
                field=path,
                limit=video.bytes_max,
                actual=media.size,
            )
        )
    pixels = media.width * media.height
    if video.pixels_max is not None and pixels > video.pixels_max:
        found.append(
            Problem(
                code="VIDEO_TOO_MANY_PIXELS",
                message=f"The video shows {pixels:,} pixels; {video.pixels_max:,} are allowed.",
                field=path,
                limit=video.pixels_max,
                actual=pixels,
            )
        )
    return found


def _too_long(media: MediaFacts, video: VideoLimits, path: str) -> list[Problem]:
    seconds = -(-(media.duration_ms or 0) // 1_000)
    if video.seconds_max is None or seconds <= video.seconds_max:
        return []
    return [
        Problem(
            code="VIDEO_TOO_LONG",
            message=f"The video lasts {seconds} seconds; {video.seconds_max} are allowed.",
            field=path,
            limit=video.seconds_max,
            actual=seconds,
        )
    ]
