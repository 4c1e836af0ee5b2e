// exit 1
function log(target: unknown, key: string) {}
class Service {
  @log
  run() { return 1; }
}
console.log(new Service().run());
