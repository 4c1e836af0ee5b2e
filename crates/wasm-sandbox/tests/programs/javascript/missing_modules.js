for (const name of ["http", "https", "child_process", "worker_threads", "net", "lodash", "express", "./nothing"]) {
  try { require(name); console.log(name, "found"); } catch (error) { console.log(name, error.code); }
}
console.log(typeof fetch, typeof WebAssembly, typeof XMLHttpRequest, typeof window, typeof document);
