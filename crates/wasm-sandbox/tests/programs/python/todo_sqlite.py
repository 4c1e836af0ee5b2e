import sqlite3
from contextlib import closing
from datetime import date


class Todo:
    def __init__(self, path="todo.db"):
        self.db = sqlite3.connect(path, detect_types=sqlite3.PARSE_DECLTYPES)
        self.db.execute("CREATE TABLE IF NOT EXISTS todo (id INTEGER PRIMARY KEY, title TEXT NOT NULL CHECK (title <> ''), due TEXT, done INTEGER DEFAULT 0)")

    def add(self, title, due=None):
        with self.db:
            return self.db.execute("INSERT INTO todo (title, due) VALUES (:title, :due)", {"title": title, "due": due and due.isoformat()}).lastrowid

    def finish(self, number):
        with self.db:
            changed = self.db.execute("UPDATE todo SET done = 1 WHERE id = ? AND done = 0", (number,)).rowcount
        if not changed:
            raise LookupError(f"no open task {number}")

    def open(self):
        with closing(self.db.execute("SELECT id, title, due FROM todo WHERE NOT done ORDER BY due IS NULL, due")) as rows:
            return rows.fetchall()


todo = Todo()
todo.add("write", date(2024, 5, 2))
todo.add("read")
todo.add("test", date(2024, 5, 1))
todo.finish(2)
print(todo.open())
for act in (lambda: todo.finish(2), lambda: todo.add("")):
    try:
        act()
    except (LookupError, sqlite3.IntegrityError) as error:
        print(type(error).__name__, error)
todo.db.close()
again = Todo()
print(again.open()[0], again.db.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'todo'").fetchone(), again.db.total_changes)
again.db.create_aggregate("longest", 1, type("L", (), {"__init__": lambda s: setattr(s, "v", ""), "step": lambda s, x: setattr(s, "v", max(s.v, x, key=len)), "finalize": lambda s: s.v}))
print(again.db.execute("SELECT longest(title) FROM todo").fetchone(), "\n".join(again.db.iterdump()).count("INSERT"))
try:
    again.db.execute("SELEC 1")
except sqlite3.OperationalError as error:
    print(error)
again.db.execute("CREATE VIRTUAL TABLE notes USING fts5(body)")
again.db.executemany("INSERT INTO notes VALUES (?)", [("the quick fox",), ("lazy dog",)])
print(again.db.execute("SELECT body FROM notes WHERE notes MATCH 'fox'").fetchall())
