from enum import Enum, auto


class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    PAUSED = auto()
    DONE = auto()


class Machine:
    TABLE = {
        (State.IDLE, "start"): State.RUNNING,
        (State.RUNNING, "pause"): State.PAUSED,
        (State.PAUSED, "resume"): State.RUNNING,
        (State.RUNNING, "finish"): State.DONE,
    }

    def __init__(self):
        self.state, self.log = State.IDLE, []

    def send(self, event):
        try:
            self.state = self.TABLE[self.state, event]
        except KeyError:
            raise ValueError(f"cannot {event} while {self.state.name.lower()}") from None
        self.log.append(self.state)
        return self


machine = Machine()
machine.send("start").send("pause").send("resume")
try:
    machine.send("start")
except ValueError as error:
    print(error, error.__suppress_context__)
print(machine.send("finish").state, [state.name for state in machine.log])
