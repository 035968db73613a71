package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"net"
	"reflect"
	"strings"
	"sync"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"
	"gopkg.in/inf.v0"
)

type server struct {
	*gocql.Session
	cluster  *gocql.ClusterConfig
	keyspace string
	voters   int
}

// The checks run in this order, in one keyspace.
var checks = []struct {
	name string
	run  func(*server) error
}{
	{"system tables", systemTables}, {"schema", schema}, {"prepared statements", prepared}, {"batches", batches},
	{"paging", paging}, {"native types", natives}, {"nested types", nested}, {"errors", mistakes},
	{"unavailable", unavailable}, {"conditions", conditions}, {"describe", describe}, {"tracing", tracing},
	{"warnings and custom payload", payload}, {"thousands in flight", concurrency},
}

func systemTables(s *server) error {
	var key string
	var peers int
	if err := s.Query("SELECT key FROM system.local").Scan(&key); err != nil || key != "local" {
		return fmt.Errorf("system.local: %q, %v", key, err)
	}
	return s.Query("SELECT count(*) FROM system.peers").Scan(&peers)
}

func schema(s *server) error {
	if err := s.Query("CREATE TABLE plain (k int, c text, v text, PRIMARY KEY (k, c))").Exec(); err != nil {
		return err
	}
	// The driver learns of it from the server's schema event.
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		metadata, err := s.KeyspaceMetadata(s.keyspace)
		if err != nil {
			return err
		}
		if _, there := metadata.Tables["plain"]; there {
			return nil
		}
	}
	return errors.New("the new table is not in the metadata")
}

func prepared(s *server) error {
	if err := s.Query("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)", 1, "a", "it's").Exec(); err != nil {
		return err
	}
	var value string
	if err := s.Query("SELECT v FROM plain WHERE k = ? AND c = ?", 1, "a").Scan(&value); err != nil || value != "it's" {
		return fmt.Errorf("read %q, %v", value, err)
	}
	if s.cluster.ProtoVersion > 3 {
		if err := s.Query("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)", 1, "a", gocql.UnsetValue).Exec(); err != nil {
			return err
		}
	}
	err := s.Query("SELECT v FROM plain WHERE k = 404").Scan(&value)
	if !errors.Is(err, gocql.ErrNotFound) {
		return fmt.Errorf("an absent row gave %v", err)
	}
	return nil
}

func batches(s *server) error {
	for _, kind := range []gocql.BatchType{gocql.LoggedBatch, gocql.UnloggedBatch} {
		batch := s.Batch(kind)
		batch.Query("INSERT INTO plain (k, c, v) VALUES (?, ?, ?)", 3, "a", "batch")
		batch.Query("INSERT INTO plain (k, c, v) VALUES (4, 'a', 'batch')")
		if err := batch.Exec(); err != nil {
			return err
		}
	}
	return expectRows(s.Query("SELECT v FROM plain WHERE k IN (3, 4)").Iter(), 2)
}

func paging(s *server) error {
	for number := 0; number < 100; number++ {
		if err := s.Query("INSERT INTO plain (k, c, v) VALUES (7, ?, 'page')", fmt.Sprintf("%03d", number)).Exec(); err != nil {
			return err
		}
	}
	if err := expectRows(s.Query("SELECT c FROM plain WHERE k = 7").PageSize(7).Iter(), 100); err != nil {
		return err
	}
	first := s.Query("SELECT c FROM plain WHERE k = 7").PageSize(30).PageState(nil).Iter()
	state := first.PageState()
	if err := expectRows(first, 30); err != nil {
		return err
	}
	return expectRows(s.Query("SELECT c FROM plain WHERE k = 7").PageSize(5000).PageState(state).Iter(), 70)
}

func natives(s *server) error {
	create := `CREATE TABLE natives (k int PRIMARY KEY, b bigint, bl blob, bo boolean, de decimal, dou double, f float,
		i inet, s smallint, t time, ts timestamp, tu timeuuid, ti tinyint, u uuid, vi varint)`
	if err := s.Query(create).Exec(); err != nil {
		return err
	}
	id := gocql.TimeUUID()
	in := []interface{}{int64(-1 << 63), []byte{0, 255}, true, *inf.NewDec(-123, -3), 1e300, float32(0.5),
		net.ParseIP("::1"), int16(-32768), 5 * time.Hour, time.UnixMilli(-1).UTC(), id, int8(-128), id,
		*new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 200))}
	insert := "INSERT INTO natives (k, b, bl, bo, de, dou, f, i, s, t, ts, tu, ti, u, vi) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	if err := s.Query(insert, in...).Exec(); err != nil {
		return err
	}
	out := make([]interface{}, len(in))
	for index, value := range in {
		out[index] = reflect.New(reflect.TypeOf(value)).Interface()
	}
	if err := s.Query("SELECT b, bl, bo, de, dou, f, i, s, t, ts, tu, ti, u, vi FROM natives").Scan(out...); err != nil {
		return err
	}
	for index, value := range in {
		read := reflect.ValueOf(out[index]).Elem().Interface()
		if fmt.Sprint(read) != fmt.Sprint(value) {
			return fmt.Errorf("wrote %v, read %v", value, read)
		}
	}
	return nil
}

type address struct {
	Street  string `cql:"street"`
	Numbers []int  `cql:"numbers"`
}

func nested(s *server) error {
	for _, statement := range []string{
		"CREATE TYPE address (street text, numbers frozen<list<int>>)",
		`CREATE TABLE nested (k int PRIMARY KEY, l list<int>, s set<text>, m map<text, frozen<list<int>>>,
			t tuple<int, text>, u frozen<address>, e vector<float, 3>)`,
	} {
		if err := s.Query(statement).Exec(); err != nil {
			return err
		}
	}
	home := address{"Road", []int{1, 2}}
	vector := []float32{0.5, -1, 2}
	err := s.Query("INSERT INTO nested (k, l, s, m, t, u, e) VALUES (1, ?, ?, ?, (?, ?), ?, ?)",
		[]int{3, 1}, []string{"a"}, map[string][]int{"x": {1, 2}}, 1, "b", home, vector).Exec()
	if err != nil {
		return err
	}
	var list []int
	var set []string
	var entries map[string][]int
	var number int
	var text string
	var lives address
	var embedding []float32
	row := s.Query("SELECT l, s, m, t, u, e FROM nested WHERE k = 1")
	if err := row.Scan(&list, &set, &entries, &number, &text, &lives, &embedding); err != nil {
		return err
	}
	if fmt.Sprint(list, set, entries, number, text, lives, embedding) != fmt.Sprint([]int{3, 1}, []string{"a"},
		map[string][]int{"x": {1, 2}}, 1, "b", home, vector) {
		return fmt.Errorf("read %v %v %v %v %v %v %v", list, set, entries, number, text, lives, embedding)
	}
	return nil
}

func mistakes(s *server) error {
	var invalid *gocql.RequestErrInvalid
	var exists *gocql.RequestErrAlreadyExists
	if err := s.Query("SELECT * FROM absent").Exec(); err == nil || code(err) != gocql.ErrCodeInvalid {
		return fmt.Errorf("an absent table gave %v (%T)", err, invalid)
	}
	if err := s.Query("SELEC * FROM plain").Exec(); err == nil || code(err) != gocql.ErrCodeSyntax {
		return fmt.Errorf("a syntax error gave %v", err)
	}
	err := s.Query("CREATE TABLE plain (k int PRIMARY KEY)").Exec()
	if !errors.As(err, &exists) || exists.Table != "plain" || exists.Keyspace != s.keyspace {
		return fmt.Errorf("an existing table gave %v", err)
	}
	return nil
}

func unavailable(s *server) error {
	err := s.Query("INSERT INTO plain (k, c) VALUES (9, 'a')").Consistency(gocql.Three).Exec()
	if s.voters > 1 {
		return err
	}
	var failure *gocql.RequestErrUnavailable
	if !errors.As(err, &failure) || failure.Required != 3 || failure.Alive != 1 {
		return fmt.Errorf("THREE over one node gave %v", err)
	}
	return nil
}

func conditions(s *server) error {
	insert := s.Query("INSERT INTO plain (k, c, v) VALUES (8, 'a', 'first') IF NOT EXISTS")
	previous := map[string]interface{}{}
	applied, err := insert.MapScanCAS(previous)
	if s.voters > 1 {
		if code(err) != gocql.ErrCodeInvalid {
			return fmt.Errorf("a condition over several voters gave %v", err)
		}
		return nil
	}
	if err != nil || !applied {
		return fmt.Errorf("the first insert: %v, %v", applied, err)
	}
	previous = map[string]interface{}{}
	applied, err = s.Query("INSERT INTO plain (k, c, v) VALUES (8, 'a', 'second') IF NOT EXISTS").MapScanCAS(previous)
	if err != nil || applied || previous["v"] != "first" {
		return fmt.Errorf("the second insert: %v, %v, %v", applied, previous, err)
	}
	return nil
}

func describe(s *server) error {
	row := map[string]interface{}{}
	if err := s.Query("DESCRIBE TABLE " + s.keyspace + ".plain").MapScan(row); err != nil {
		return err
	}
	if text, _ := row["create_statement"].(string); !strings.HasPrefix(text, "CREATE TABLE "+s.keyspace+".plain") {
		return fmt.Errorf("described as %v", row)
	}
	return nil
}

func tracing(s *server) error {
	var output bytes.Buffer
	trace := gocql.NewTraceWriter(s.Session, &output)
	if err := s.Query("SELECT * FROM plain WHERE k = 1").Trace(trace).Exec(); err != nil {
		return err
	}
	if !strings.Contains(output.String(), "Tracing session") {
		return fmt.Errorf("no trace: %q", output.String())
	}
	return nil
}

func payload(s *server) error {
	if s.cluster.ProtoVersion < 4 {
		return nil
	}
	err := s.Query("SELECT * FROM plain WHERE k = 1").CustomPayload(map[string][]byte{"key": {1}}).Exec()
	if err != nil {
		return err
	}
	var batch strings.Builder
	for number := 100; number < 140; number++ {
		fmt.Fprintf(&batch, "INSERT INTO plain (k, c) VALUES (%d, 'a'); ", number)
	}
	iterator := s.Query("BEGIN UNLOGGED BATCH " + batch.String() + "APPLY BATCH").Iter()
	if len(iterator.Warnings()) == 0 {
		return errors.New("no warning of a batch over many partitions")
	}
	return iterator.Close()
}

func concurrency(s *server) error {
	var wait sync.WaitGroup
	failures := make(chan error, 2000)
	for key := 1000; key < 3000; key++ {
		wait.Add(1)
		go func(key int) {
			defer wait.Done()
			if err := s.Query("INSERT INTO plain (k, c, v) VALUES (?, 'many', ?)", key, fmt.Sprint(key)).Exec(); err != nil {
				failures <- err
				return
			}
			var value string
			err := s.Query("SELECT v FROM plain WHERE k = ? AND c = 'many'", key).Scan(&value)
			if err != nil || value != fmt.Sprint(key) {
				failures <- fmt.Errorf("%d: %q, %v", key, value, err)
			}
		}(key)
	}
	wait.Wait()
	close(failures)
	return <-failures
}

func expectRows(iterator *gocql.Iter, expected int) error {
	var text string
	count := 0
	for count < expected && iterator.Scan(&text) {
		count++
	}
	if err := iterator.Close(); err != nil {
		return err
	}
	if count != expected {
		return fmt.Errorf("%d rows, not %d", count, expected)
	}
	return nil
}

func code(err error) int {
	var failure gocql.RequestError
	if errors.As(err, &failure) {
		return failure.Code()
	}
	return -1
}
