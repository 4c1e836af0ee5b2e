const machine = {
  idle: { start: "running" },
  running: { pause: "paused", stop: "idle" },
  paused: { resume: "running", stop: "idle" },
} as const;
type State = keyof typeof machine;
type EventOf<S extends State> = keyof (typeof machine)[S];
class Runner {
  #state: State = "idle";
  readonly trace: State[] = ["idle"];
  send(event: string): State {
    const next = (machine[this.#state] as Record<string, State | undefined>)[event];
    if (next === undefined) throw new Error(`cannot ${event} while ${this.#state}`);
    this.#state = next;
    this.trace.push(next);
    return next;
  }
}
const runner = new Runner();
const events: (EventOf<"idle"> | EventOf<"running"> | EventOf<"paused">)[] = ["start", "pause", "resume", "stop"];
events.forEach((event) => runner.send(event));
console.log(runner.trace.join(" > "));
try { runner.send("pause"); } catch (error) { console.log(`${error}`); }
