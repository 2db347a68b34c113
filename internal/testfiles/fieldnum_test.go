package testfiles_test

import (
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// bareNumbers are the packages and files that may write field numbers as literals, with the reason.
var bareNumbers = map[string]string{
	"internal/proto/fieldnum":          "it declares them",
	"internal/schema":                  "its tests scramble messages of many types",
	"internal/text":                    "its tests write messages of many types",
	"internal/wire":                    "it knows no schema",
	"internal/wire/wiretest":           "it knows no schema",
	"internal/metafile/foreign.go":     "messages of other schemas",
	"internal/metafile/detect_test.go": "messages of other schemas",
	"internal/metafile/open_test.go":   "bytes that no schema fits",
	"cmd/metagraph/json_test.go":       "a type of another schema",
	"cmd/metagraph/show_test.go":       "a type of another schema",
}

// TestFieldNumbersAreNamed: code and tests take field numbers from package fieldnum. A number from 64 on stands for a field that no schema
// has, and 0 for none.
func TestFieldNumbersAreNamed(t *testing.T) {
	positions := token.NewFileSet()
	used := make(map[string]bool)
	var literals []token.Pos
	checkTypes(t, positions, func(c checked) {
		for expression, value := range c.info.Types {
			literal, ok := expression.(*ast.BasicLit)
			if !ok || types.TypeString(value.Type, nil) != "google.golang.org/protobuf/encoding/protowire.Number" {
				continue
			}
			if number, err := strconv.Atoi(literal.Value); err != nil || number > 0 && number < 64 {
				literals = append(literals, literal.Pos())
			}
		}
	})
	slices.Sort(literals)
	for _, at := range slices.Compact(literals) {
		place := positions.Position(at)
		path, err := filepath.Rel(testfiles.Path(t, ""), place.Filename)
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.ToSlash(path)
		folder := path[:strings.LastIndexByte(path, '/')]
		if used[path], used[folder] = true, true; bareNumbers[path] == "" && bareNumbers[folder] == "" {
			t.Errorf("%s:%d: use the name of the field from package fieldnum", path, place.Line)
		}
	}
	for path := range bareNumbers {
		if !used[path] && len(literals) > 0 {
			t.Errorf("%s has no literal field number and needs no exception", path)
		}
	}
}
