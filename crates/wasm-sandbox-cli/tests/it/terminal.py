"""Runs a command on a terminal of its own and answers it: `steps` are what to wait for, and what to type then."""

import fcntl, json, os, pty, select, signal, struct, sys, termios

PATIENCE = 300

job = json.loads(sys.argv[1])
pid, master = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", job["rows"], job["columns"], 0, 0))
    os.execvpe(job["command"][0], job["command"], {**os.environ, **job["environment"]})

output, seen, steps = b"", 0, job["steps"]
while select.select([master], [], [], PATIENCE)[0]:
    try:
        piece = os.read(master, 1 << 16)
    except OSError:
        break
    if not piece:
        break
    output += piece
    while steps and (place := output.find(steps[0][0].encode(), seen)) >= 0:
        seen = place + len(steps[0][0])
        os.write(master, steps.pop(0)[1].encode())
else:
    os.kill(pid, signal.SIGKILL)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
json.dump({"output": output.decode().replace("\r\n", "\n"), "code": code, "left": len(steps)}, sys.stdout)
