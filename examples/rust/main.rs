//! A server in memory within the process, and the driver `scylla` on it. The test below is what an application's looks
//! like: `cargo test --example rust`.

use std::error::Error;

use quorate::testing::Server;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::start()?;
    let session = connect(&server).await?;
    let names = names(&session).await?;
    eprintln!("read from {}: {names:?}", server.address());
    Ok(())
}

async fn connect(server: &Server) -> Result<Session, Box<dyn Error>> {
    let session = SessionBuilder::new().known_node_addr(server.address()).build().await?;
    let statements = [
        "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE shop.customers (id int PRIMARY KEY, name text)",
        "INSERT INTO shop.customers (id, name) VALUES (1, 'Ann')",
    ];
    for statement in statements {
        session.query_unpaged(statement, ()).await?;
    }
    Ok(session)
}

async fn names(session: &Session) -> Result<Vec<String>, Box<dyn Error>> {
    let result = session.query_unpaged("SELECT name FROM shop.customers WHERE id = 1", ()).await?.into_rows_result()?;
    Ok(result.rows::<(String,)>()?.map(|row| row.map(|(name,)| name)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_customer_is_found() {
        let server = Server::start().expect("a server");
        let session = connect(&server).await.expect("a session");
        assert_eq!(names(&session).await.expect("rows"), ["Ann"]);
    }
}
