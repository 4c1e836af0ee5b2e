type Events = { login: { user: string }; logout: { user: string; after: number }; error: Error };
type Handler<T> = (payload: T) => void;
class Bus<E extends Record<string, unknown>> {
  private handlers: { [K in keyof E]?: Handler<E[K]>[] } = {};
  on<K extends keyof E>(event: K, handler: Handler<E[K]>): () => void {
    (this.handlers[event] ??= []).push(handler);
    return () => { this.handlers[event] = this.handlers[event]?.filter((h) => h !== handler); };
  }
  emit<K extends keyof E>(event: K, payload: E[K]): number {
    const handlers = this.handlers[event] ?? [];
    handlers.forEach((handler) => handler(payload));
    return handlers.length;
  }
}
const bus = new Bus<Events>();
const off = bus.on("login", ({ user }) => console.log(`${user} came`));
bus.on("logout", ({ user, after }) => console.log(`${user} left after ${after} s`));
console.log(bus.emit("login", { user: "Ada" }), bus.emit("logout", { user: "Ada", after: 5 }));
off();
console.log(bus.emit("login", { user: "Bob" }), bus.emit("error", new Error("x")));
