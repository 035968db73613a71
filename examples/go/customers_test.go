// Package customers shows a test against a server in memory.
package customers

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
)

// serve starts a server that ends with the test, and returns where it listens.
func serve(t *testing.T) (string, int) {
	t.Helper()
	program := os.Getenv("QUORATE")
	if program == "" {
		program = "quorate"
	}
	command := exec.Command(program, "serve", "--in-memory", "--port", "0", "--print-address")
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	host, text, err := net.SplitHostPort(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func TestACustomerIsFound(t *testing.T) {
	host, port := serve(t)
	cluster := gocql.NewCluster(host)
	cluster.Port = port
	session, err := cluster.CreateSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for _, statement := range []string{
		"CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
		"CREATE TABLE shop.customers (id int PRIMARY KEY, name text)",
	} {
		if err := session.Query(statement).Exec(); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Query("INSERT INTO shop.customers (id, name) VALUES (?, ?)", 1, "Ann").Exec(); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := session.Query("SELECT name FROM shop.customers WHERE id = ?", 1).Scan(&name); err != nil {
		t.Fatal(err)
	}
	if name != "Ann" {
		t.Errorf("read %q", name)
	}
}
