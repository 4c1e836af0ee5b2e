class Account {
  #balance = 0;
  static #count = 0;
  static bank = "First";
  history = [];
  constructor(owner) {
    this.owner = owner;
    Account.#count++;
  }
  get balance() { return this.#balance; }
  static get count() { return Account.#count; }
  deposit(amount) {
    if (!(amount > 0)) throw new RangeError(`invalid amount: ${amount}`);
    this.#balance += amount;
    this.history.push({ type: "deposit", amount });
    return this;
  }
  withdraw(amount) {
    if (amount > this.#balance) throw new InsufficientFunds(amount, this.#balance);
    this.#balance -= amount;
    return this;
  }
  #secret() { return 42; }
  static reveal(account) { return #balance in account && account.#secret(); }
  toString() { return `${this.owner}: ${this.#balance.toFixed(2)}`; }
  [Symbol.toPrimitive](hint) { return hint === "number" ? this.#balance : this.toString(); }
  toJSON() { return { owner: this.owner, balance: this.#balance }; }
}
class InsufficientFunds extends Error {
  name = "InsufficientFunds";
  constructor(needed, available) {
    super(`need ${needed}, have ${available}`, { cause: { needed, available } });
  }
}
class Savings extends Account {
  constructor(owner, rate) { super(owner); this.rate = rate; }
  addInterest() { return this.deposit(this.balance * this.rate); }
  toString() { return `savings of ${super.toString()}`; }
}
const s = new Savings("Ada", 0.1).deposit(100).addInterest();
console.log(`${s}`, +s, JSON.stringify(s), Account.count, Account.reveal(s), Account.bank);
for (const act of [() => s.withdraw(1e6), () => s.deposit(-1), () => (s.balance = 5, "ignored"), () => Account(), () => s.nothing()]) {
  try { console.log(act()); } catch (e) { console.log(e.name, "-", e instanceof Error, e instanceof RangeError); }
}
console.log(s instanceof Account, Object.getPrototypeOf(s) === Savings.prototype, s.constructor.name, typeof Account);
console.log(s);
class Point { constructor(x, y) { this.x = x; this.y = y; } }
console.log(new Point(1, 2), [new Point(0, 0)], { p: new Point(3, 4) });
