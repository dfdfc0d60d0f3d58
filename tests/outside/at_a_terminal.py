"""Types a person's lines at a terminal, and answers what is asked.

    at_a_terminal.py LINES [QUESTION=ANSWER...] -- SHELL...

The shell runs at a terminal of its own, and each of the lines is typed as it stands. Whenever what is printed ends with a
question's words, its answer is typed. Says what was seen, and ends with the code of the first line that fails.
"""

import os
import pty
import select
import sys
import time

# A database server is installed and started meanwhile.
LINE_MAX_S = 600

cut = sys.argv.index("--")
# One that goes on in the next is typed with it.
whole = sys.argv[1].replace("\\\n", "")
lines = [line for line in whole.splitlines() if line.strip() and not line.startswith("#")]
answers = dict(word.split("=", 1) for word in sys.argv[2:cut])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[cut + 1], sys.argv[cut + 1 :])

seen = b""


def wait_for(ends):
    """Reads on until one of these ends what was printed; which one it was."""
    global seen
    deadline = time.monotonic() + LINE_MAX_S
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.5)[0]:
            seen += os.read(terminal, 65536)
            continue
        # It is a question only if nothing follows.
        for end in ends:
            if seen.rstrip(b" ").endswith(end.encode()):
                return end
    sys.exit(f"at_a_terminal.py: it waits for something:\n{seen.decode(errors='replace')}")


def type_in(line):
    global seen
    sys.stdout.buffer.write(seen)
    seen = b""
    os.write(terminal, line.encode() + b"\n")


prompt = "premises$"
type_in(f"PS1='prem''ises$ '")
wait_for([prompt])
for line in lines:
    type_in(line)
    while (asked := wait_for([prompt, *answers])) != prompt:
        type_in(answers[asked])
    type_in("echo code $?")
    wait_for([prompt])
    if b"\r\ncode 0\r\n" not in seen:
        sys.stdout.buffer.write(seen)
        sys.exit(1)
sys.stdout.buffer.write(seen)
