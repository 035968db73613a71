"""cqlsh at a terminal, where the tab key completes."""

import os
import pty
import select
import subprocess
import time

PROMPT = b"cqlsh> "
PATIENCE_S = 60
# So long after the last byte nothing more is expected.
QUIET_S = 1.0


def typed(shell, keys):
    """What stands on the terminal after `keys` were typed at the prompt."""
    ours, its = pty.openpty()
    process = subprocess.Popen(shell.command, stdin=its, stdout=its, stderr=its, env=shell.environment, close_fds=True,
                               start_new_session=True)
    os.close(its)
    try:
        before = _read(ours, lambda seen: seen.endswith(PROMPT), PATIENCE_S)
        if not before.endswith(PROMPT):
            return before.decode(errors="replace")
        os.write(ours, keys.encode())
        return _read(ours, lambda seen: False, PATIENCE_S, QUIET_S).decode(errors="replace").replace("\r", "")
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal, is_enough, patience_s, quiet_s=None):
    seen, deadline = b"", time.monotonic() + patience_s
    while not is_enough(seen) and time.monotonic() < deadline:
        # Nothing is quiet before the first byte.
        wait_s = quiet_s if quiet_s and seen else deadline - time.monotonic()
        if not select.select([terminal], [], [], wait_s)[0]:
            break
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
    return seen
