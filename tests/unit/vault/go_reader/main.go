// Reads a log with the packages that the Go project itself uses for its checksum database.
//
//	reader LOG_DIR VKEY ENTRY_FILE PROOF_FILE
//
// It opens the checkpoint, proves and checks every record and every earlier tree from the tiles, and checks one
// tlog-proof of one entry. It prints one line of counts, and panics on whatever does not hold.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"reader/note"
	"reader/tlog"
)

type folder string

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		name := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(string(f), name))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func hash(text string) (h tlog.Hash) {
	copy(h[:], must(base64.StdEncoding.DecodeString(text)))
	return
}

func open(data []byte, keys note.Verifiers) tlog.Tree {
	lines := strings.Split(must(note.Open(data, keys)).Text, "\n")
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: hash(lines[2])}
}

func main() {
	log := os.Args[1]
	keys := note.VerifierList(must(note.NewVerifier(os.Args[2])))
	tree := open(must(os.ReadFile(filepath.Join(log, "checkpoint"))), keys)
	reader := tlog.TileHashReader(tree, folder(log))
	for index := range tree.N {
		leaf := must(reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)}))[0]
		check(tlog.CheckRecord(must(tlog.ProveRecord(tree.N, index, reader)), tree.N, tree.Hash, index, leaf))
		old := must(tlog.TreeHash(index+1, reader))
		check(tlog.CheckTree(must(tlog.ProveTree(tree.N, index+1, reader)), tree.N, tree.Hash, index+1, old))
	}
	checkProof(must(os.ReadFile(os.Args[3])), must(os.ReadFile(os.Args[4])), keys)
	fmt.Printf("records %d trees %d proofs 1\n", tree.N, tree.N)
}

func checkProof(entry, proof []byte, keys note.Verifiers) {
	parts := bytes.SplitN(proof, []byte("\n\n"), 2)
	tree := open(parts[1], keys)
	lines := strings.Split(string(parts[0]), "\n")
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		path = append(path, hash(line))
	}
	check(tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(entry)))
}
