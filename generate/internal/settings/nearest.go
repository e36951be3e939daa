package settings

import "strings"

// Nearest is the name that differs least from what was typed, if that is little: two letters at most. Otherwise it is empty.
func Nearest(typed string, names []string) string {
	const little = 2
	best, distance := "", little+1
	for _, name := range names {
		if d := edits(typed, name); d < distance && d < len(typed) {
			best, distance = name, d
		}
	}
	return best
}

// edits counts the letters to insert, remove or replace to make one word of the other.
func edits(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
