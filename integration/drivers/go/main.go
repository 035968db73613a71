// Command checks runs what a client of gocql relies on against HOST PORT [VOTERS], for each protocol version and
// compression of the driver. It prints one line per check; the exit status is 1 if any failed.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"github.com/apache/cassandra-gocql-driver/v2/lz4"
	"github.com/apache/cassandra-gocql-driver/v2/snappy"
)

var combinations = []struct {
	version    int
	name       string
	compressor gocql.Compressor
}{
	{3, "plain", nil}, {3, "snappy", snappy.SnappyCompressor{}}, {4, "plain", nil}, {4, "lz4", lz4.LZ4Compressor{}},
	{4, "snappy", snappy.SnappyCompressor{}}, {5, "plain", nil}, {5, "lz4", lz4.LZ4Compressor{}},
}

func main() {
	host, voters := os.Args[1], 1
	port, err := strconv.Atoi(os.Args[2])
	if err == nil && len(os.Args) > 3 {
		voters, err = strconv.Atoi(os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "usage: checks HOST PORT [VOTERS]:", err)
		os.Exit(2)
	}
	failed := 0
	for _, combination := range combinations {
		cluster := gocql.NewCluster(host)
		cluster.Port = port
		cluster.ProtoVersion = combination.version
		cluster.Compressor = combination.compressor
		cluster.Consistency = gocql.Quorum
		cluster.Timeout = 30 * time.Second
		cluster.ConnectTimeout = 20 * time.Second
		label := fmt.Sprintf("v%d %s", combination.version, combination.name)
		count, err := runAll(cluster, label, voters)
		if err != nil {
			fmt.Printf("FAILED %s connects: %v\n", label, err)
			count++
		}
		failed += count
	}
	fmt.Println(failed, "checks failed")
	if failed > 0 {
		os.Exit(1)
	}
}

func runAll(cluster *gocql.ClusterConfig, label string, voters int) (failed int, err error) {
	keyspace := "go_" + strings.ReplaceAll(label, " ", "_")
	admin, err := cluster.CreateSession()
	if err != nil {
		return 0, err
	}
	defer admin.Close()
	create := "CREATE KEYSPACE %s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
	if err := admin.Query(fmt.Sprintf(create, keyspace)).Exec(); err != nil {
		return 0, err
	}
	defer func() { err = admin.Query("DROP KEYSPACE " + keyspace).Exec() }()
	cluster.Keyspace = keyspace // gocql sends USE on every connection
	session, err := cluster.CreateSession()
	if err != nil {
		return 0, err
	}
	defer session.Close()
	for _, check := range checks {
		if err := check.run(&server{session, cluster, keyspace, voters}); err != nil {
			fmt.Printf("FAILED %s %s: %v\n", label, check.name, err)
			failed++
		} else {
			fmt.Println("ok", label, check.name)
		}
	}
	return failed, nil
}
