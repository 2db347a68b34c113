package prune

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

func quote(s string) string { return strconv.Quote(s) }

// outputs returns "1 output", or "2 outputs, numbered from 0".
func outputs(n int) string {
	if n == 1 {
		return "1 output"
	}
	return itoa(n) + " outputs, numbered from 0"
}
