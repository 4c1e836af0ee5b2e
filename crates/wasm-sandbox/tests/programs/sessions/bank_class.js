// %%
class InsufficientFunds extends Error {
  constructor(needed, available) {
    super(`need ${needed}, have ${available}`);
    this.name = "InsufficientFunds";
    this.needed = needed;
  }
}
class Account {
  static #count = 0;
  #balance = 0;
  history = [];
  constructor(owner) { this.owner = owner; this.id = ++Account.#count; }
  get balance() { return this.#balance; }
  deposit(amount) {
    if (!(amount > 0)) throw new RangeError("amount must be positive");
    this.#balance += amount;
    this.history.push({ type: "deposit", amount });
    return this;
  }
  withdraw(amount) {
    if (amount > this.#balance) throw new InsufficientFunds(amount, this.#balance);
    this.#balance -= amount;
    this.history.push({ type: "withdraw", amount });
    return this;
  }
  static transfer(from, to, amount) { from.withdraw(amount); to.deposit(amount); }
}
// %%
const alice = new Account("Alice").deposit(100);
const bob = new Account("Bob");
Account.transfer(alice, bob, 30);
[alice.balance, bob.balance]
//> [ 70, 30 ]
// %%
alice
//> Account {
//> history: [
//> { type: 'deposit', amount: 100 },
//> { type: 'withdraw', amount: 30 }
//> ],
//> owner: 'Alice',
//> id: 1
//> }
// %%
bob.withdraw(31)
//! InsufficientFunds
// %%
try {
  bob.withdraw(31);
} catch (error) {
  console.log(error instanceof InsufficientFunds, error instanceof Error, error.needed, `${error}`);
}
//> true true 31 InsufficientFunds: need 31, have 30
// %%
alice.balance = 5; alice.balance
//> 70
// %%
alice.deposit(-1)
//! RangeError
// %%
JSON.stringify([alice, bob], ["owner", "id"])
//> '[{"owner":"Alice","id":1},{"owner":"Bob","id":2}]'
// %%
Account.prototype.summary = function () { return `${this.owner}: ${this.balance}` };
[alice, bob].map((a) => a.summary())
//> [ 'Alice: 70', 'Bob: 30' ]
