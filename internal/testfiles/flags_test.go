package testfiles_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// namesFlags are the files below internal that may name flags of metagraph, with the reason.
var namesFlags = map[string]string{
	"internal/inspect/problems/kinds.go": "the table documents the problems, and its hints are whole commands",
}

// TestInternalKnowsNoFlags checks that only cmd names flags. Other packages return errors of a kind, for which cmd/metagraph/hints.go has
// the hint, or take the words as an option.
func TestInternalKnowsNoFlags(t *testing.T) {
	flag := regexp.MustCompile(`(^|[^-\w])--[a-z]`)
	named := make(map[string]bool)
	eachSource(t, func(folder, name string, file *ast.File) {
		if !strings.HasPrefix(folder, "internal/") || strings.HasSuffix(name, "_test.go") {
			return
		}
		path := folder + "/" + name
		ast.Inspect(file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING || !flag.MatchString(strings.Trim(text.Value, "`\"")) {
				return true
			}
			if named[path] = true; namesFlags[path] == "" {
				t.Errorf("%s names a flag: %s", path, text.Value)
			}
			return true
		})
	})
	for path := range namesFlags {
		if !named[path] {
			t.Errorf("%s names no flag and needs no exception", path)
		}
	}
}
