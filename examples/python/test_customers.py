def test_a_customer_is_found(session):
    session.execute("CREATE TABLE customers (id int PRIMARY KEY, name text)")
    insert = session.prepare("INSERT INTO customers (id, name) VALUES (?, ?)")
    session.execute(insert, (1, "Ann"))
    row = session.execute("SELECT name FROM customers WHERE id = %s", (1,)).one()
    assert row.name == "Ann"
