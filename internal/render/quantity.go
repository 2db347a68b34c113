package render

import (
	"strconv"
	"strings"
)

// byteUnits are the units of bytesText. Each is a thousand times the previous one.
var byteUnits = [...]string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}

// bytesText returns a number of bytes with about three digits and a unit: "712 B", "66.4 kB", "1.02 GB".
func bytesText(n int64) string {
	value, unit := float64(n), 0
	for value >= 999.5 && unit < len(byteUnits)-1 {
		value /= 1000
		unit++
	}
	digits := 0
	switch {
	case unit == 0 || value >= 99.95:
	case value >= 9.995:
		digits = 1
	default:
		digits = 2
	}
	return strconv.FormatFloat(value, 'f', digits, 64) + " " + byteUnits[unit]
}

// numberText returns a number with thousands separators: "51,890".
func numberText[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// shareText returns a share between 0 and 1 in percent: "12.3 %".
func shareText(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }
