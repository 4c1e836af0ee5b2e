import csv
import io
import sqlite3

DATA = "name,dept,salary\nAda,eng,120\nBob,ops,80\nCyd,eng,100\nDee,ops,95\nEve,hr,70\n"
db = sqlite3.connect(":memory:")
db.execute("CREATE TABLE staff (name TEXT, dept TEXT, salary INT)")
rows = list(csv.DictReader(io.StringIO(DATA)))
db.executemany("INSERT INTO staff VALUES (:name, :dept, :salary)", rows)
query = """
WITH ranked AS (
  SELECT *, RANK() OVER (PARTITION BY dept ORDER BY salary DESC) AS place, AVG(salary) OVER (PARTITION BY dept) AS average FROM staff
)
SELECT dept, name, salary, ROUND(average, 1) FROM ranked WHERE place = 1 ORDER BY dept
"""
for row in db.execute(query):
    print(*row, sep="\t")
print(db.execute("SELECT dept, GROUP_CONCAT(name, '+') FROM staff GROUP BY dept HAVING COUNT(*) > 1").fetchall())
with db:
    db.execute("UPDATE staff SET salary = salary * 1.1 WHERE dept = ?", ("eng",))
writer = io.StringIO()
cursor = db.execute("SELECT name, salary FROM staff WHERE salary > 100 ORDER BY 1")
out = csv.writer(writer, lineterminator="\n")
out.writerow(column[0] for column in cursor.description)
out.writerows(cursor)
print(writer.getvalue(), end="")
