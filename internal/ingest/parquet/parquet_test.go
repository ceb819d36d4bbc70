package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	peer "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"roleos/internal/fault"
	"roleos/internal/ingest/tabular"
)

type usage struct {
	Account string     `parquet:"account,dict"`
	Text    string     `parquet:"text,delta"`
	Note    *string    `parquet:"note,optional"`
	Name    string     `parquet:"name,delta,optional"`
	Code    string     `parquet:"code,plain"`
	Logins  int32      `parquet:"logins,delta"`
	Bytes   int64      `parquet:"bytes,delta"`
	Seats   uint64     `parquet:"seats,dict"`
	Share   float64    `parquet:"share,split"`
	Rate    float32    `parquet:"rate"`
	Paid    bool       `parquet:"paid"`
	Churned *bool      `parquet:"churned,optional"`
	Day     int32      `parquet:"day,date"`
	At      time.Time  `parquet:"at,timestamp(microsecond)"`
	Seen    *time.Time `parquet:"seen,optional,timestamp(millisecond)"`
	Price   int64      `parquet:"price,decimal(2:12)"`
	Key     [16]byte   `parquet:"key,uuid"`
}

func some[T any](v T) *T { return &v }

func rows(n int) []usage {
	day := time.Date(2026, 3, 1, 9, 30, 0, 250e6, time.UTC)
	out := make([]usage, n)
	for i := range out {
		out[i] = usage{
			Account: fmt.Sprintf("acme-%d", i%7), Text: fmt.Sprintf("The export fails at row %d since the update", i), Name: []string{"", "Zoë", "Ann"}[i%3], Code: strings.Repeat("x", i%5),
			Logins: int32(i*37%101 - 50), Bytes: int64(i) * 1e10, Seats: 1<<63 + uint64(i%3), Share: float64(i) / 8, Rate: float32(i) / 4, Paid: i%3 == 0,
			Day: int32(20513 + i), At: day.Add(time.Duration(i) * time.Hour), Price: int64(i) - 5, Key: [16]byte{0: byte(i), 15: 0xab},
		}
		if i%4 != 0 {
			out[i].Note, out[i].Churned, out[i].Seen = some(fmt.Sprintf("note %d", i%9)), some(i%2 == 0), some(day.Add(time.Duration(i)*time.Minute))
		}
	}
	return out
}

// said is how a row reads.
func said(u usage) []string {
	opt := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	churned, seen := "", ""
	if u.Churned != nil {
		churned, seen = fmt.Sprint(*u.Churned), u.Seen.Format("2006-01-02T15:04:05.999Z")
	}
	price := strings.TrimSuffix(new(big.Rat).SetFrac64(u.Price, 100).FloatString(2), "")
	return []string{
		u.Account, u.Text, opt(u.Note), u.Name, u.Code, fmt.Sprint(u.Logins), fmt.Sprint(u.Bytes), fmt.Sprint(u.Seats), number(u.Share, 64), number(float64(u.Rate), 32), fmt.Sprint(u.Paid), churned,
		time.Unix(int64(u.Day)*86400, 0).UTC().Format("2006-01-02"), u.At.Format("2006-01-02T15:04:05.999Z"), seen, price,
		fmt.Sprintf("%02x000000-0000-0000-0000-0000000000ab", u.Key[0]),
	}
}

func write[T any](t testing.TB, rows []T, o ...peer.WriterOption) string {
	t.Helper()
	var b bytes.Buffer
	w := peer.NewGenericWriter[T](&b, o...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(raw string, limit tabular.Limits) (header []string, cells [][]string, err error) {
	table, err := Table(raw, limit)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range table.Columns {
		header = append(header, c.Name)
	}
	err = table.Each(func(r *tabular.Row) bool {
		cells = append(cells, append([]string(nil), r.Cells...))
		return true
	})
	return header, cells, err
}

func TestEveryCellReadsAsItWasWritten(t *testing.T) {
	want := rows(1000)
	for name, codec := range map[string]compress.Codec{"loose": &peer.Uncompressed, "snappy": &peer.Snappy, "gzip": &peer.Gzip, "zstd": &peer.Zstd, "lz4": &peer.Lz4Raw} {
		for form := 1; form <= 2; form++ {
			for _, group := range []int64{1000, 333} {
				t.Run(fmt.Sprintf("%s, form %d, groups of %d", name, form, group), func(t *testing.T) {
					raw := write(t, want, peer.Compression(codec), peer.DataPageVersion(form), peer.MaxRowsPerRowGroup(group), peer.PageBufferSize(2000))
					header, got, err := read(raw, tabular.Limits{})
					if err != nil {
						t.Fatal(err)
					}
					if len(header) != 17 || header[0] != "account" || len(got) != len(want) {
						t.Fatalf("%d rows of %q", len(got), header)
					}
					for i := range want {
						if w := said(want[i]); fmt.Sprint(got[i]) != fmt.Sprint(w) {
							t.Fatalf("row %d\n got %q\nwant %q", i+1, got[i], w)
						}
					}
				})
			}
		}
	}
}

func message(t *testing.T, err error) string {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Mend == "" {
		t.Fatalf("%v is no message for a person", err)
	}
	return f.Message + " " + f.Mend
}

func TestNestedColumnsAreRefusedByName(t *testing.T) {
	type order struct {
		Text  string   `parquet:"text"`
		Tags  []string `parquet:"tags,list"`
		Owner struct{ Name string }
		Plan  string
	}
	_, _, err := read(write(t, []order{{Text: "a", Tags: []string{"b"}}}), tabular.Limits{})
	if m := message(t, err); !strings.Contains(m, `"tags"`) || !strings.Contains(m, `"Owner"`) || strings.Contains(m, "element") || strings.Contains(m, "Name") {
		t.Error(m)
	}
}

func TestWhatExceedsALimitIsRefused(t *testing.T) {
	raw := write(t, rows(500))
	for want, limit := range map[string]tabular.Limits{
		"rows":      {Rows: 499},
		"columns":   {Columns: 16},
		"cell":      {CellBytes: 20},
		"take more": {Expanded: 20_000},
	} {
		_, _, err := read(raw, limit)
		if m := message(t, err); !strings.Contains(m, want) {
			t.Errorf("%q is not about %q", m, want)
		}
	}
}

// One long entry that every row names takes a few bytes in the file and its length for each row written out.
func TestADictionaryBombIsRefusedBeforeItFillsTheMemory(t *testing.T) {
	type row struct {
		Text string `parquet:"text,dict"`
	}
	bomb := make([]row, 2000)
	for i := range bomb {
		bomb[i].Text = strings.Repeat("all work and no play ", 3000)
	}
	raw := write(t, bomb, peer.Compression(&peer.Zstd))
	if len(raw) > 1<<20 {
		t.Fatalf("no bomb: %d bytes", len(raw))
	}
	_, _, err := read(raw, tabular.Limits{Expanded: 64 << 20, CellBytes: 1 << 20})
	if m := message(t, err); !strings.Contains(m, "64 MiB") {
		t.Error(m)
	}
}

func TestADamagedFileIsAMessage(t *testing.T) {
	raw := write(t, rows(300), peer.Compression(&peer.Snappy))
	sealed := sealed + raw[4:]
	for name, s := range map[string]string{"cut off": raw[:len(raw)/2], "encrypted": sealed, "only magic": magic, "the end": raw[len(raw)-12:]} {
		if _, _, err := read(s, tabular.Limits{}); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			message(t, err)
		}
	}
	for at := 4; at < len(raw); at += 17 { // a turned bit anywhere is an error or another value, never a crash
		b := []byte(raw)
		b[at] ^= 0x10
		read(string(b), tabular.Limits{Rows: 10_000, Expanded: 1 << 24})
	}
}

func TestAFooterThatClaimsMoreThanItHoldsAllocatesNothing(t *testing.T) {
	list := append([]byte{0x29, 0xfc}, binary.AppendUvarint(nil, 1<<31-1)...) // field 2, a list of two thousand million structs
	raw := magic + string(list) + string(binary.LittleEndian.AppendUint32(nil, uint32(len(list)))) + magic
	if _, _, err := read(raw, tabular.Limits{}); err == nil {
		t.Fatal("no error")
	}
	if n := testing.AllocsPerRun(1, func() { read(raw, tabular.Limits{}) }); n > 100 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTable(f *testing.F) {
	for _, o := range [][]peer.WriterOption{{}, {peer.DataPageVersion(1)}, {peer.Compression(&peer.Snappy)}, {peer.Compression(&peer.Lz4Raw)}, {peer.Compression(&peer.Zstd)}} {
		f.Add(write(f, rows(20), o...))
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, cells, err := read(raw, tabular.Limits{Rows: 1000, Columns: 100, CellBytes: 1 << 12, Expanded: 1 << 20})
		if err == nil && len(cells) > 1000 {
			t.Errorf("%d rows", len(cells))
		}
	})
}

// A page that holds no value, and one that every group of rows names anew, cost no row and no cell.
func TestPagesThatUnpackToMuchAreCounted(t *testing.T) {
	struct1 := func(fields ...[]byte) []byte { return append(bytes.Join(fields, nil), 0) }
	number := func(delta byte, v int64) []byte { return binary.AppendVarint([]byte{delta<<4 | 5}, v) }
	text := func(s string) []byte { return append(binary.AppendUvarint([]byte{0x48}, uint64(len(s))), s...) }
	const size = 8 << 20
	packer, _ := zstd.NewWriter(nil)
	big := packer.EncodeAll(make([]byte, size), nil)
	page := func(values int64) []byte {
		return append(struct1(number(1, 0), number(1, size), number(1, int64(len(big))), append([]byte{0x2c}, struct1(number(1, values), number(1, 0), number(1, 3), number(1, 3))...)), big...)
	}
	empty, one := page(0), page(1)
	for name, at := range map[string]struct {
		body   []byte
		groups int
	}{"pages without a value": {append(bytes.Repeat(empty, 40), one...), 1}, "one page named forty times": {one, 40}} {
		raw := append([]byte(magic), at.body...)
		meta := struct1(number(1, int64(int32s)), number(3, zstds), number(1, 1), number(2, int64(len(at.body))), number(2, 4))
		group := struct1(append([]byte{0x19, 0x1c}, struct1(append([]byte{0x3c}, meta...))...), number(2, 1))
		schema := append([]byte{0x29, 0x2c}, append(struct1(text("root"), number(1, 1)), struct1(number(1, int64(int32s)), number(2, 0), append([]byte{0x18}, text("n")[1:]...))...)...)
		groups := append([]byte{0x29, 0xfc}, binary.AppendUvarint(nil, uint64(at.groups))...)
		foot := struct1(schema, append(groups, bytes.Repeat(group, at.groups)...))
		raw = append(append(raw, foot...), binary.LittleEndian.AppendUint32(nil, uint32(len(foot)))...)
		raw = append(raw, magic...)
		_, cells, err := read(string(raw), tabular.Limits{Expanded: 64 << 20, CellBytes: 1 << 20})
		if err == nil {
			t.Errorf("%s: %d bytes unpack to %d MiB for %d cells", name, len(raw), 40*size>>20, len(cells))
		} else if m := message(t, err); !strings.Contains(m, "64 MiB") {
			t.Errorf("%s: %s", name, m)
		}
	}
}
