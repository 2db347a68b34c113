package render

import (
	"io"
	"reflect"
	"strings"

	"github.com/metagraph/metagraph/internal/inspect/problems"
)

// SARIF is the format for code scanning (Static Analysis Results Interchange Format 2.1.0).
const SARIF Format = "sarif"

// A SARIFFile holds the problems of one file.
type SARIFFile struct {
	Name     string // path of the file; relative ones are relative to the root of the repository
	Problems []problems.Problem
}

// PrintSARIF writes the problems of all files as one SARIF document. version is the version of metagraph.
func PrintSARIF(out io.Writer, version string, files []SARIFFile) error {
	kinds := problems.Kinds()
	rules := make([]sarifRule, len(kinds))
	number := make(map[string]int, len(kinds))
	for i, k := range kinds {
		number[k.ID] = i
		rules[i] = sarifRule{ID: k.ID, Short: sarifText{plain(k.Meaning)}, Help: sarifText{plain(k.Hint)}, Default: sarifLevel{level(k.Severity)}}
	}
	results := []sarifResult{}
	for _, file := range files {
		for _, p := range file.Problems {
			results = append(results, sarifResult{
				Rule: p.ID, Index: number[p.ID], Level: level(p.Severity), Message: sarifText{sarifMessage(p)},
				Locations: sarifLocations(file.Name, p),
				Prints:    sarifPrints{p.ID + ": " + p.Place},
			})
		}
	}
	w := newPrinter(out)
	e := encoder{w: w}
	err := e.value(reflect.ValueOf(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0",
		Runs: []sarifRun{{
			Tool:    sarifTool{sarifDriver{Name: "metagraph", Version: version, Rules: rules}},
			Results: results,
		}},
	}))
	if err != nil {
		return err
	}
	w.write("\n")
	return w.flush()
}

// level returns the SARIF level of a severity.
func level(s problems.Severity) string {
	if s == problems.SeverityInfo {
		return "note"
	}
	return string(s)
}

// plain returns a sentence from the table of problems without backquotes.
func plain(s string) string { return strings.ReplaceAll(s, "`", "") }

// sarifMessage returns the message of a problem: what is wrong, in how many places, and the remedy.
func sarifMessage(p problems.Problem) string {
	text := p.Place + ": " + p.Message
	if p.Count > 1 {
		text += " (" + Count(p.Count, "place") + ")"
	}
	return text + "\n" + plain(p.Hint)
}

// sarifLocations returns the locations of a problem: the file, and the nodes or entries that are its examples. There are no line numbers,
// since binary files have no lines.
func sarifLocations(file string, p problems.Problem) []sarifLocation {
	places := p.Places()
	logical := make([]sarifLogical, len(places))
	for i, at := range places {
		logical[i] = sarifLogical{at.Place}
	}
	return []sarifLocation{{
		Physical: sarifPhysical{Artifact: sarifArtifact{fileURI(file)}, Region: sarifRegion{StartLine: 1}},
		Logical:  logical,
	}}
}

// fileURI returns a path as a URI reference, with forward slashes and percent-encoding.
func fileURI(path string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	path = strings.ReplaceAll(path, `\`, "/")
	if len(path) > 1 && path[1] == ':' {
		b.WriteString("file:///")
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("/-._~!$&'()*+,;=:@", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}

// The types below are the parts of SARIF that PrintSARIF writes.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string     `json:"id"`
		Short   sarifText  `json:"shortDescription"`
		Help    sarifText  `json:"help"`
		Default sarifLevel `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		Rule      string          `json:"ruleId"`
		Index     int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Prints    sarifPrints     `json:"partialFingerprints"`
	}
	sarifPrints struct {
		Place string `json:"metagraphPlace/v1"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)
