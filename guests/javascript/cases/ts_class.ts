abstract class Animal<T extends string = string> {
    static count = 0;
    declare ghost: string;
    readonly legs: number = 4;
    #secret?: T;
    [key: string]: unknown;
    constructor(public readonly name: T, protected age?: number, private kind: string = "animal") {
        Animal.count++;
        this.#secret = name;
    }
    abstract sound(): string;
    get secret(): T | undefined { return this.#secret; }
    describe(): string { return `${this.name} ${this.age} ${this.kind} ${this.sound()}`; }
}
class Dog extends Animal<"rex"> implements Iterable<number> {
    override sound(): string { return "woof"; }
    *[Symbol.iterator](): Iterator<number> { yield 1; yield 2; }
}
const dog = new Dog("rex", 3);
console.log(dog.describe(), dog.secret, dog.legs, Animal.count, [...dog], "ghost" in dog);
