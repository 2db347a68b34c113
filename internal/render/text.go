package render

import (
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/metagraph/metagraph/internal/printable"
)

// Text returns s if it is printable UTF-8, and a quoted Go string otherwise. So no string from a file can move the cursor, change colors,
// start a new line or disguise itself.
func Text(s string) string {
	if printable.Is(s) && !padded(s) {
		return s
	}
	return strconv.Quote(s)
}

// rawText is Text for a string on its own line, where tabs and spaces at the ends are harmless.
func rawText(s string) string {
	if printable.Is(strings.ReplaceAll(s, "\t", " ")) {
		return s
	}
	return strconv.Quote(s)
}

// padded reports whether s begins or ends with a space, which would be invisible.
func padded(s string) bool {
	return s != "" && (s[0] == ' ' || s[len(s)-1] == ' ')
}

// displayWidth returns the number of columns that s takes on a terminal.
func displayWidth(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return twwidth.Width(s)
		}
	}
	return len(s) // without the lock and the cache of twwidth, for millions of cells
}

// cell returns the text to print in a cell of column c.
func cell(s string, c column) string {
	if c.comma {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return numberText(n)
		}
	}
	if c.tree != "" {
		last := strings.LastIndex(s, c.tree) + 1
		return strings.Repeat(gap, strings.Count(s, c.tree)) + Text(s[last:])
	}
	return Text(s)
}
