package problems

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/inspect/model"
	"github.com/metagraph/metagraph/internal/testfiles"
	"github.com/metagraph/metagraph/internal/wire"
)

// findProblems returns the problems of a MetaGraphDef.
func findProblems(t testing.TB, message []byte) []Problem {
	t.Helper()
	m, err := wire.ParseMetaGraph(message)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := Find(model.New(m))
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

// errorsIn returns the errors among problems, as text.
func errorsIn(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		if p.Severity == SeverityError {
			out = append(out, p.ID+": "+p.Place+": "+p.Message)
		}
	}
	return out
}

// TestProblemsLikeTensorFlow compares Find with TensorFlow's verdict on some hundred graphs with one defect each, which
// testdata/mutants.py created.
func TestProblemsLikeTensorFlow(t *testing.T) {
	archive, err := os.ReadFile("testdata/mutants.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]string)
	reader := tar.NewReader(unzipped)
	refused := 0
	for {
		member, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if member.Name != "verdicts.tsv" {
			found[member.Name] = errorsIn(findProblems(t, raw))
			continue
		}
		for line := range strings.Lines(string(raw)) {
			fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
			name, verdict := fields[0], fields[1]
			errs, tried := found[name]
			switch {
			case !tried:
				t.Errorf("%s: not in the archive", name)
			case verdict == "ok" && len(errs) > 0:
				t.Errorf("%s: TensorFlow imports it, but Find reports %q", name, errs)
			case verdict == "refused" && len(errs) == 0:
				t.Errorf("%s: TensorFlow says %s, but Find reports no error", name, fields[2])
			}
			if verdict == "refused" {
				refused++
			}
		}
	}
	if refused < 200 {
		t.Errorf("only %d graphs that TensorFlow rejects", refused)
	}
}

// TestProblemsOfCorpus compares Find with TensorFlow's verdict on real files (INDEX.tsv, column import_ok).
func TestProblemsOfCorpus(t *testing.T) {
	index := testfiles.Shared(t, "corpus/INDEX.tsv")
	// Errors that must be found if TensorFlow does not import the file.
	named := map[string]string{
		"pointnet2-customops-1.2.meta":    "FarthestPointSample",
		"serving-half-plus-two-0.12.meta": "0.12.head",
		"simplehtr-1.4.meta":              "gradients/batch_normalization_5/cond/FusedBatchNorm_1_grad/FusedBatchNormGrad",
		"tflearn-chatbot-tf2.1.meta":      "Adam",
	}
	var nameColumn, okColumn int
	tried := 0
	for line := range strings.Lines(string(index)) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if okColumn == 0 {
			for i, column := range fields {
				switch column {
				case "name":
					nameColumn = i
				case "import_ok":
					okColumn = i
				}
			}
			continue
		}
		name, verdict := fields[nameColumn], fields[okColumn]
		if !strings.HasSuffix(name, ".meta") || strings.HasPrefix(name, "BAD-") {
			continue
		}
		tried++
		errs := errorsIn(findProblems(t, testfiles.Shared(t, "corpus/"+name)))
		switch {
		case strings.HasPrefix(verdict, "ok"):
			if len(errs) > 0 {
				t.Errorf("%s: TensorFlow imports it, but Find reports %q", name, errs)
			}
		case len(errs) == 0 || !strings.Contains(errs[0], named[name]):
			t.Errorf("%s: TensorFlow says %s, but Find reports %q", name, verdict, errs)
		}
	}
	if tried == 0 {
		t.Error("no files checked")
	}
}
