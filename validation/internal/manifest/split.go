package manifest

import "bytes"

// chunk is the text of one document, or of one value in it, and where in the file it starts, counted from 1.
type chunk struct {
	text         []byte
	line, column int
}

// from is the chunk of a part that starts at an offset.
func (c chunk) from(offset int, part []byte) chunk {
	before := c.text[:offset]
	line, column := c.line, c.column+offset
	if last := bytes.LastIndexByte(before, '\n'); last >= 0 {
		line, column = line+bytes.Count(before, []byte("\n")), offset-last
	}
	return chunk{text: part, line: line, column: column}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// split cuts a stream at the lines that end a YAML document: "---", which may have content behind it, and "...".
// Chunks of blank lines and comments only are left out.
func split(data []byte) []chunk {
	data = bytes.TrimPrefix(data, byteOrderMark)
	var chunks []chunk
	start, startLine, startColumn, line := 0, 1, 1, 0
	cut := func(end int) {
		if text := data[start:end]; hasContent(text) {
			chunks = append(chunks, chunk{text: text, line: startLine, column: startColumn})
		}
	}
	for offset := 0; offset < len(data); {
		end := offset + lineLength(data[offset:])
		line++
		if marker := markerLength(data[offset:end]); marker > 0 {
			cut(offset)
			start, startLine, startColumn = offset+marker, line, marker+1
		}
		offset = end
	}
	cut(len(data))
	return chunks
}

// lineLength counts the bytes up to and with the line feed.
func lineLength(data []byte) int {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1
	}
	return len(data)
}

// markerLength is 3 for a line that ends a document, otherwise 0. What follows the marker must be space.
func markerLength(line []byte) int {
	const length = 3
	if !bytes.HasPrefix(line, []byte("---")) && !bytes.HasPrefix(line, []byte("...")) {
		return 0
	}
	if len(line) == length || bytes.IndexByte([]byte(" \t\r\n"), line[length]) >= 0 {
		return length
	}
	return 0
}

func hasContent(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return true
		}
	}
	return false
}
