package metafile_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/metagraph/metagraph/internal/metafile"
	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire/wiretest"
)

// TestOpenSmallWhileWritten opens a small file while it is constantly rewritten. Open returns one complete version, or an error.
func TestOpenSmallWhileWritten(t *testing.T) {
	var contents [2][]byte
	for i, scope := range []string{"AAAA", "BBBB"} {
		for n := range 1500 {
			node := wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, fmt.Sprintf("%s/node%d", scope, n)), wiretest.String(fieldnum.NodeDef_Op, "NoOp"))
			contents[i] = append(contents[i], wiretest.Message(fieldnum.MetaGraphDef_GraphDef, node)...)
		}
	}
	path := filepath.Join(t.TempDir(), "model.meta")
	if err := os.WriteFile(path, contents[0], 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
				_, _ = file.WriteAt(contents[n%2], 0)
			}
		}
	}()
	for range 10 {
		f, err := metafile.Open(path, metafile.OpenOptions{})
		var wrong *metafile.Error
		switch {
		case errors.As(err, &wrong) && wrong.Problem == "changed while it was read":
		case err != nil:
			t.Error(err)
		case !bytes.Equal(f.Bytes, contents[0]) && !bytes.Equal(f.Bytes, contents[1]):
			t.Error("Open returned a mix of versions")
		}
		if f != nil {
			_ = f.Close()
		}
	}
	close(stop)
	<-stopped
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatalf("after the writes ended: %v", err)
	}
	_ = f.Close()
}

// TestOpenDuringWrite opens a small file while a write has reached its first half, as if the system had suspended the writer:
// Open waits for the rest.
func TestOpenDuringWrite(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells whether a file is open for writing")
	}
	content := wiretest.Message(fieldnum.MetaGraphDef_GraphDef, wiretest.Message(fieldnum.GraphDef_Node, wiretest.String(fieldnum.NodeDef_Name, "node"), wiretest.String(fieldnum.NodeDef_Op, "NoOp")))
	path := filepath.Join(t.TempDir(), "model.meta")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), len(content)), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteAt(content[:len(content)/2], 0); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { _, _ = file.WriteAt(content[len(content)/2:], int64(len(content)/2)) })
	f, err := metafile.Open(path, metafile.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if !bytes.Equal(f.Bytes, content) {
		t.Errorf("Open returned the mixture %q", f.Bytes)
	}
}
