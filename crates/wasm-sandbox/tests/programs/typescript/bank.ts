type Currency = "EUR" | "USD";
interface Transaction { readonly at: number; readonly amount: number; readonly note?: string }
class InsufficientFunds extends Error {
  constructor(public readonly needed: number, public readonly available: number) {
    super(`needed ${needed}, available ${available}`);
    this.name = new.target.name;
  }
}
class Account {
  private readonly history: Transaction[] = [];
  constructor(readonly owner: string, readonly currency: Currency = "EUR") {}
  get balance(): number { return this.history.reduce((sum, t) => sum + t.amount, 0); }
  deposit(amount: number, note?: string): this { this.history.push({ at: this.history.length, amount, ...(note && { note }) }); return this; }
  withdraw(amount: number): this {
    if (amount > this.balance) throw new InsufficientFunds(amount, this.balance);
    return this.deposit(-amount, "withdrawal");
  }
  static transfer(from: Account, to: Account, amount: number): void { from.withdraw(amount); to.deposit(amount, `from ${from.owner}`); }
  *[Symbol.iterator](): IterableIterator<Transaction> { yield* this.history; }
}
const [ada, bob] = [new Account("Ada").deposit(100), new Account("Bob")];
Account.transfer(ada, bob, 30);
try { Account.transfer(bob, ada, 500); } catch (e) { if (e instanceof InsufficientFunds) console.log(e.name, e.message, e.needed - e.available); }
console.log(ada.balance, bob.balance, [...ada], [...bob].map((t) => t.note));
