import sqlite3

connection = sqlite3.connect(":memory:")
connection.row_factory = sqlite3.Row
with connection:
    connection.executescript("""
        CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE purchase (customer INTEGER REFERENCES customer(id), amount REAL, day TEXT);
        CREATE INDEX by_day ON purchase(day);
    """)
    connection.executemany("INSERT INTO customer (name) VALUES (?)", [("Ada",), ("Grace",), ("Alan",)])
    connection.executemany(
        "INSERT INTO purchase VALUES (?, ?, ?)",
        [(1, 10.5, "2024-01-01"), (1, 4.5, "2024-02-01"), (2, 99.0, "2024-01-15")],
    )

query = """
    SELECT name, COUNT(amount) AS purchases, COALESCE(SUM(amount), 0) AS total
    FROM customer LEFT JOIN purchase ON purchase.customer = customer.id
    GROUP BY customer.id ORDER BY total DESC, name
"""
for row in connection.execute(query):
    print(dict(row))

try:
    with connection:
        connection.execute("INSERT INTO customer (name) VALUES ('Alan')")
except sqlite3.IntegrityError as error:
    print("refused:", error)

connection.create_function("reverse", 1, lambda text: text[::-1])
print([tuple(row) for row in connection.execute("SELECT reverse(name) FROM customer WHERE name LIKE 'A%'")])
window = "SELECT day, SUM(amount) OVER (ORDER BY day) AS running FROM purchase"
print([tuple(row) for row in connection.execute(window)])
print(connection.execute("SELECT json_extract('{\"a\": [1, 2]}', '$.a[1]')").fetchone()[0])
