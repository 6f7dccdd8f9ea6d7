"""Start one command and tell what it alone used; a process of its own, so that nothing
of the benchmark counts: `python -I -S starter.py RESULT COMMAND…`.
"""

import json
import os
import resource
import sys
import time

result, *command = sys.argv[1:]
began = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status = os.waitpid(child, 0)
wall = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
# in KiB, but in bytes on a Mac
scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
told = {
    "wall": wall,
    "cpu": used.ru_utime + used.ru_stime,
    "memory": used.ru_maxrss / scale,
}
with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to load
    json.dump(told, file)
sys.exit(os.waitstatus_to_exitcode(status))
