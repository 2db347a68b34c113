package render

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/inspect/problems"
)

func TestPrintSARIF(t *testing.T) {
	files := []SARIFFile{
		{"models/a b.meta", []problems.Problem{
			{ID: "input-type", Severity: problems.SeverityError, Place: "node a", Message: "m", Hint: "run `x`", Count: 7,
				Examples: []problems.Place{{Place: "node a", Message: "m"}, {Place: "node b", Message: "n"}}},
			{ID: "no-saver", Severity: problems.SeverityInfo, Place: "saver_def", Message: "is not there", Hint: "h", Count: 1},
		}},
		{`C:\m.meta`, nil},
	}
	var out bytes.Buffer
	if err := PrintSARIF(&out, "1.0", files); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct{ ID string }
				}
			}
			Results []map[string]any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatalf("%v\n%s", err, out.Bytes())
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || log.Schema == "" || run.Tool.Driver.Name != "metagraph" || run.Tool.Driver.Version != "1.0" {
		t.Errorf("head of the document: %+v", log)
	}
	location := func(uri string, names ...any) []any {
		logical := []any{}
		for _, name := range names {
			logical = append(logical, map[string]any{"fullyQualifiedName": name})
		}
		return []any{map[string]any{
			"physicalLocation": map[string]any{"artifactLocation": map[string]any{"uri": uri}, "region": map[string]any{"startLine": 1.0}},
			"logicalLocations": logical,
		}}
	}
	want := []map[string]any{
		{"ruleId": "input-type", "level": "error", "message": map[string]any{"text": "node a: m (7 places)\nrun x"},
			"locations": location("models/a%20b.meta", "node a", "node b"), "partialFingerprints": map[string]any{"metagraphPlace/v1": "input-type: node a"}},
		{"ruleId": "no-saver", "level": "note", "message": map[string]any{"text": "saver_def: is not there\nh"},
			"locations": location("models/a%20b.meta", "saver_def"), "partialFingerprints": map[string]any{"metagraphPlace/v1": "no-saver: saver_def"}},
	}
	for i := range run.Results {
		number, _ := run.Results[i]["ruleIndex"].(float64)
		if rule := run.Tool.Driver.Rules[int(number)].ID; rule != run.Results[i]["ruleId"] {
			t.Errorf("result %d has the rule %v and the index of %s", i, run.Results[i]["ruleId"], rule)
		}
		delete(run.Results[i], "ruleIndex")
	}
	if diff := cmp.Diff(want, run.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestFileURI(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.meta": "a/b.meta", "a b#c%": "a%20b%23c%25", `C:\a\b.meta`: "file:///C:/a/b.meta", "ä\xff": "%C3%A4%FF",
	} {
		if got := fileURI(path); got != want {
			t.Errorf("fileURI(%q) = %q, want %q", path, got, want)
		}
	}
}
