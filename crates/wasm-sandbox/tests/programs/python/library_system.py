from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta


class LibraryError(Exception):
    pass


@dataclass(unsafe_hash=True)
class Book:
    isbn: str
    title: str = field(compare=False)
    copies: int = field(default=1, compare=False)


@dataclass
class Library:
    books: dict[str, Book] = field(default_factory=dict)
    loans: dict[str, list[tuple[str, date]]] = field(default_factory=lambda: defaultdict(list))
    MAX = 2

    def add(self, book: Book) -> Library:
        self.books[book.isbn] = book
        return self

    def lend(self, member: str, isbn: str, on: date) -> date:
        book = self.books.get(isbn)
        if book is None:
            raise LibraryError(f"no book {isbn}")
        if book.copies == 0:
            raise LibraryError(f"{book.title!r} is out")
        if len(self.loans[member]) >= self.MAX:
            raise LibraryError(f"{member} has {self.MAX} books")
        book.copies -= 1
        due = on + timedelta(weeks=2)
        self.loans[member].append((isbn, due))
        return due

    def overdue(self, on: date):
        return {member: [self.books[isbn].title for isbn, due in loans if due < on] for member, loans in self.loans.items()}


library = Library().add(Book("1", "Dune")).add(Book("2", "Emma", 2)).add(Book("3", "Ubik"))
day = date(2024, 2, 20)
for member, isbn in [("ada", "1"), ("bob", "1"), ("ada", "2"), ("ada", "3"), ("bob", "9")]:
    try:
        print(member, isbn, library.lend(member, isbn, day))
    except LibraryError as error:
        print("refused:", error)
print(library.overdue(date(2024, 3, 10)), Book("1", "a") == Book("1", "b"), len({Book("1", "a"), Book("1", "b")}))
