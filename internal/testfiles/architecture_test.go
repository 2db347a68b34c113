package testfiles_test

import (
	"go/ast"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestArchitecture checks docs/architecture.md: each file that it names exists, each name of Go code in a table occurs in a package that its
// row names, and the table of packages is complete.
func TestArchitecture(t *testing.T) {
	text, err := os.ReadFile(testfiles.Path(t, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]map[string]bool) // the identifiers by folder
	eachSource(t, func(folder, _ string, file *ast.File) {
		if names[folder] == nil {
			names[folder] = make(map[string]bool)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				names[folder][id.Name] = true
			}
			return true
		})
	})
	file := regexp.MustCompile(`^[\w./-]*(/[\w.-]+|\.(go|py|yml))$`)
	name := regexp.MustCompile(`^[a-z]*[A-Z]\w*$`)
	listed := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		var folders, code []string
		for _, span := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(line, -1) {
			switch word := span[1]; {
			case file.MatchString(word):
				if !strings.Contains(word, "/") && !strings.HasPrefix(word, ".") {
					word = path.Join(append(folders[max(len(folders)-1, 0):], word)...) // in the folder of the file before it
				}
				stat, err := os.Stat(testfiles.Path(t, word))
				if err != nil {
					t.Errorf("no file %s: %s", word, line)
					continue
				}
				if !stat.IsDir() {
					word = path.Dir(word)
				}
				folders = append(folders, word)
			case name.MatchString(word) && word != "ErrX":
				code = append(code, word)
			case len(folders) > 0:
				listed[path.Join(path.Dir(folders[len(folders)-1]), word)] = true // a package next to the one before it
			}
		}
		for _, folder := range folders {
			listed[folder] = true
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, word := range code {
			found := false
			for _, folder := range folders {
				found = found || names[folder][word]
			}
			if !found {
				t.Errorf("no %s in %q: %s", word, folders, line)
			}
		}
	}
	for folder := range names {
		if strings.HasPrefix(folder, "internal/") && !strings.HasPrefix(folder, "internal/proto/") && !strings.HasSuffix(folder, "test") && !listed[folder] {
			t.Errorf("package %s is missing", folder)
		}
	}
}
