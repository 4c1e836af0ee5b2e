import os
import sqlite3
import tempfile

path = os.path.join(tempfile.mkdtemp(), "notes.db")
with sqlite3.connect(path) as connection:
    connection.execute("CREATE TABLE note (body TEXT)")
    connection.executemany("INSERT INTO note VALUES (?)", [(f"note {n}",) for n in range(500)])
connection.close()
again = sqlite3.connect(path)
print(again.execute("SELECT COUNT(*), MAX(rowid) FROM note").fetchone())
again.execute("DELETE FROM note WHERE rowid % 2")
again.rollback()
print(again.execute("SELECT COUNT(*) FROM note").fetchone())
again.execute("PRAGMA journal_mode=WAL")
again.execute("VACUUM")
again.close()
print(os.path.getsize(path) > 0)
