"""Limits of what decoding one photo may cost, whoever sent it."""

MAX_PIXELS = 25_000_000  # a plain JPEG of today's phones; IMAGE_MAX_PIXELS lowers it
MAX_SCANS = 64  # of a progressive JPEG; encoders write about 10, and every scan walks over the whole picture
MAX_RAW = 130_000_000  # bytes that a PNG unpacks to: 16 MP of the deepest kind, four channels of 16 bits
MEMORY = 200_000_000  # bytes, the encoded photo included
PROCESS_MEMORY = 180_000_000  # of them in a decoding process; the process that uses it holds the encoded photo too
CPU_SECONDS = 2.0  # of a decoding process for one photo; a plain JPEG of 16 MP takes about 0.2
WALL_SECONDS = 120.0  # until a decoding process that uses no CPU either counts as stuck
