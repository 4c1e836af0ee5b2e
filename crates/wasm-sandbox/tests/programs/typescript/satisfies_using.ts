const routes = { home: "/", user: "/users/:id", post: "/users/:id/posts/:post" } satisfies Record<string, `/${string}`>;
type Params<S extends string> = S extends `${string}:${infer P}/${infer R}` ? P | Params<R> : S extends `${string}:${infer P}` ? P : never;
function fill<K extends keyof typeof routes>(route: K, params: Record<Params<(typeof routes)[K]>, string | number>): string {
  return routes[route].replace(/:(\w+)/g, (_, name: string) => String((params as Record<string, unknown>)[name]));
}
console.log(fill("user", { id: 5 }), fill("post", { id: 1, post: "a" }), fill("home", {}));
