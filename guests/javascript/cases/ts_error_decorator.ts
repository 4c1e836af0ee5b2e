function logged(target: any, context: any) {}

class A {
    @logged
    run(): void {}
}
