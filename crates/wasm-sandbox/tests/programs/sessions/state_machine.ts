// %%
const transitions = {
  idle: { start: "running" },
  running: { pause: "paused", finish: "done" },
  paused: { resume: "running", finish: "done" },
  done: {},
} as const;
type State = keyof typeof transitions;
type Event = { [S in State]: keyof (typeof transitions)[S] }[State];
class Machine {
  private listeners = new Set<(from: State, to: State) => void>();
  constructor(public state: State = "idle") {}
  send(event: Event): State {
    const next = (transitions[this.state] as Partial<Record<Event, State>>)[event];
    if (!next) throw new Error(`cannot ${event} while ${this.state}`);
    this.listeners.forEach((l) => l(this.state, next));
    return (this.state = next);
  }
  watch(l: (from: State, to: State) => void) { this.listeners.add(l); return this; }
}
// %%
const machine = new Machine().watch((from, to) => console.log(`${from} -> ${to}`));
machine.send("start");
machine.send("pause")
//> idle -> running
//> running -> paused
//> 'paused'
// %%
machine.send("start")
//! Error
// %%
machine.state satisfies State
//> 'paused'
// %%
export type { State };
export default machine.send("finish")
//> paused -> done
//> 'done'
// %%
@sealed
class Never {}
//! SyntaxError
// %%
const element = <div>no</div>;
//! SyntaxError
// %%
const wrong: number = "text";
wrong
//> 'text'
// %%
interface Machine { extra?: string }
(machine as Machine & { extra?: string }).extra ?? machine.state
//> 'done'
