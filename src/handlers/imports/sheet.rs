//! The rows of a file, each as the fields that it sets. Shopify writes a product on several rows, one for each variant and
//! image, and WooCommerce a row for what its variations have in common; here each thing that is sold is a row.

use std::collections::{HashMap, VecDeque};
use std::io::Read;

use crate::csv::{Broken, Reader, Record};
use crate::handlers::imports::cells::{self, Numbers};
use crate::handlers::imports::columns::{Columns, Source, Type, meaning};
use crate::problem::{Problem, shortened};
use crate::values::{Bad, Id, Input, id};

/// What is wrong with a row: in which column, what stands there, and the API's own words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RowError {
    pub column: Option<String>,
    pub field: String,
    pub value: Option<String>,
    pub code: String,
    pub message: String,
}

/// One thing that is to be there.
#[derive(Debug, Clone)]
pub struct Row {
    pub line: usize,
    /// Each field once, as a body of JSON would set it; null where the cell is empty.
    pub members: Vec<(String, Input)>,
    pub errors: Vec<RowError>,
    /// Whether its barcodes are some of the product's, and not all: only our own files know all of them.
    pub adds_barcodes: bool,
    /// From where each field was read: its column and what stands there.
    origins: Vec<(&'static str, usize, String)>,
}

impl Row {
    /// An error of this row, with the column and the cell that it is about.
    pub fn error(&self, columns: &Columns, field: &str, code: &str, message: &str) -> RowError {
        let top = field.split(['[', '.']).next().unwrap_or(field);
        let origin = self.origins.iter().find(|(name, _, _)| *name == top);
        RowError {
            column: origin.map(|(_, at, _)| columns.columns[*at].column.clone()),
            field: field.to_owned(),
            value: origin.map(|(_, _, text)| shortened(text)),
            code: code.to_owned(),
            message: message.to_owned(),
        }
    }

    /// How long its texts are.
    pub fn bytes(&self) -> usize {
        self.origins.iter().map(|(_, _, text)| text.len()).sum()
    }

    /// The field by which it names its object.
    pub fn name_field(&self) -> &'static str {
        let has =
            |field: &&&str| self.origins.iter().any(|(name, _, text)| name == *field && !text.is_empty());
        ["id", "sku", "barcodes", "email", "name"].iter().find(has).copied().unwrap_or("")
    }

    /// The id of what it is about, if it names one; that is nothing which it sets.
    pub fn take_id(&mut self) -> Result<Option<Id>, Problem> {
        let Some(at) = self.members.iter().position(|(name, _)| name == "id") else { return Ok(None) };
        match self.members.remove(at).1 {
            Input::Null => Ok(None),
            given => id(&given).map(Some).map_err(|bad| Problem::invalid_field("id", bad)),
        }
    }
}

/// More variants and images of one product than Shopify has.
const GROUP_ROWS_MAX: usize = 2500;
/// Of how many products that are varied the category is remembered.
const PARENTS_MAX: usize = 20_000;
/// As many as a product takes.
const IMAGES_MAX: usize = 10;

pub struct Sheet<R> {
    reader: Reader<R>,
    pub columns: Columns,
    about: Type,
    numbers: Numbers,
    ready: VecDeque<Row>,
    /// The first record of the next group.
    ahead: Option<Record>,
    /// Rows that belong to another one: images, and what variations have in common.
    pub joined: u32,
    /// The category of what is varied, by its SKU and its id there.
    parents: HashMap<String, String>,
}

/// The cells of a record by what they mean.
struct Cells<'a> {
    record: &'a Record,
    columns: &'a Columns,
}

impl<'a> Cells<'a> {
    fn of(record: &'a Record, columns: &'a Columns) -> Cells<'a> {
        Cells { record, columns }
    }

    /// The cell for a field, with where it stands: the first of its columns that has something, or an empty one.
    fn get(&self, field: &str) -> Option<(usize, &'a str)> {
        let columns =
            self.columns.columns.iter().enumerate().filter(|(_, column)| column.field == Some(field));
        let mut cells: Vec<_> = columns.map(|(at, column)| (column.rank, at)).collect();
        cells.sort_unstable();
        let record = self.record;
        let text = |at: usize| record.cells.get(at).map_or("", String::as_str);
        let filled = cells.iter().find(|(_, at)| !text(*at).is_empty());
        filled.or(cells.first()).map(|(_, at)| (*at, text(*at)))
    }

    fn text(&self, field: &str) -> &'a str {
        self.get(field).map_or("", |(_, text)| text)
    }
}

impl<R: Read> Sheet<R> {
    pub fn new(reader: Reader<R>, columns: Columns, about: Type, numbers: Numbers) -> Sheet<R> {
        Sheet {
            reader,
            columns,
            about,
            numbers,
            ready: VecDeque::new(),
            ahead: None,
            joined: 0,
            parents: HashMap::new(),
        }
    }

    /// The next row; None at the end.
    pub fn read(&mut self) -> Result<Option<Row>, Broken> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Ok(Some(row));
            }
            let group = self.group()?;
            let Some(first) = group.first() else { return Ok(None) };
            match self.columns.source {
                Source::Shopify if self.about == Type::Products => self.of_shopify(&group),
                Source::WooCommerce if self.about == Type::Products => self.of_woocommerce(first),
                _ => {
                    let rows: Vec<Row> = group.iter().map(|record| self.row(record, |_| None)).collect();
                    self.ready.extend(rows);
                }
            }
        }
    }

    /// The records that are about one thing: in a product file of Shopify those with one handle, elsewhere one.
    fn group(&mut self) -> Result<Vec<Record>, Broken> {
        let ahead = self.ahead.take();
        let Some(first) = ahead.map_or_else(|| self.record(), |record| Ok(Some(record)))? else {
            return Ok(Vec::new());
        };
        let handle =
            |record: &Record, columns: &Columns| Cells::of(record, columns).text(meaning::GROUP).to_owned();
        let of_first = handle(&first, &self.columns);
        let mut group = vec![first];
        while !of_first.is_empty() && group.len() < GROUP_ROWS_MAX {
            match self.record()? {
                Some(record) if handle(&record, &self.columns) == of_first => group.push(record),
                other => {
                    self.ahead = other;
                    break;
                }
            }
        }
        Ok(group)
    }

    /// The next record in which something stands: below a table spreadsheets write rows of empty cells.
    fn record(&mut self) -> Result<Option<Record>, Broken> {
        loop {
            let record = self.reader.read()?;
            let is_empty = |record: &Record| record.cells.iter().all(String::is_empty);
            if !record.as_ref().is_some_and(is_empty) {
                return Ok(record);
            }
        }
    }

    /// The row of a record, with what `instead` says of a field in the place of its cell.
    fn row(&self, record: &Record, instead: impl Fn(&str) -> Option<String>) -> Row {
        let cells = Cells::of(record, &self.columns);
        let mut row = Row {
            line: record.line,
            members: Vec::new(),
            errors: Vec::new(),
            adds_barcodes: false,
            origins: Vec::new(),
        };
        // A record of another width has lost a quote or a delimiter, and its cells stand under the wrong names.
        let (found, wanted) = (record.cells.len(), self.columns.columns.len());
        let surplus = record.cells.iter().skip(wanted).any(|cell| !cell.is_empty());
        if surplus {
            let message = format!(
                "has {found} cells where the first line names {wanted} columns: look for a quote or a delimiter too many"
            );
            row.errors.push(RowError {
                column: None,
                field: String::new(),
                value: None,
                code: "too_many_cells".to_owned(),
                message,
            });
        }
        let foreign = self.columns.source != Source::Other;
        for field in self.about.fields() {
            let Some((at, text)) = cells.get(field.name) else { continue };
            let text = match instead(field.name) {
                Some(other) => other,
                None if foreign && field.name == "description" => cells::text_of_html(text),
                // Their lists of categories: the first.
                None if self.columns.source == Source::WooCommerce && field.name == "category" => {
                    text.split(", ").next().unwrap_or_default().to_owned()
                }
                None => text.to_owned(),
            };
            row.adds_barcodes |= field.name == "barcodes" && self.columns.columns[at].column != "barcodes";
            let read = cells::value(field.kind, &text, self.numbers);
            row.origins.push((field.name, at, text));
            match read {
                Ok(value) => row.members.push((field.name.to_owned(), value)),
                Err(Bad { code, message }) => {
                    let error = row.error(&self.columns, field.name, code, &message);
                    row.errors.push(error);
                }
            }
        }
        self.name_of_parts(&cells, &mut row);
        self.refuse_unsold(&cells, &mut row);
        row
    }

    /// First and last name are one name here, and a product's name has that of its variation.
    fn name_of_parts(&self, cells: &Cells, row: &mut Row) {
        let parts = [cells.text(meaning::FIRST_NAME), cells.text(meaning::LAST_NAME)];
        let full = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if !full.is_empty() {
            let at = cells
                .get(meaning::FIRST_NAME)
                .or_else(|| cells.get(meaning::LAST_NAME))
                .map_or(0, |(at, _)| at);
            row.origins.push(("name", at, full.clone()));
            row.members.push(("name".to_owned(), Input::Text(full)));
        }
        let variation = cells.text(meaning::VARIATION);
        if !variation.is_empty() && variation != "Regular" {
            for (name, value) in &mut row.members {
                if let (Input::Text(text), "name") = (value, &**name) {
                    *text = format!("{text} - {variation}");
                }
            }
        }
    }

    /// What cannot be bought where it comes from is not put on sale here.
    fn refuse_unsold(&self, cells: &Cells, row: &mut Row) {
        let unsold = |meant: &str| match (meant, cells.text(meant).to_ascii_lowercase().as_str()) {
            (meaning::ON_SALE, "draft" | "archived" | "0" | "-1" | "false") => cells.get(meaning::ON_SALE),
            (meaning::ARCHIVED, "y" | "yes" | "true") => cells.get(meaning::ARCHIVED),
            _ => None,
        };
        let Some((at, text)) = unsold(meaning::ON_SALE).or_else(|| unsold(meaning::ARCHIVED)) else { return };
        let column = self.columns.columns[at].column.clone();
        let message = format!(
            "is not on sale where it comes from; to take it all the same, add map={}:- to the request",
            at + 1
        );
        row.errors.push(RowError {
            column: Some(column),
            field: String::new(),
            value: Some(shortened(text)),
            code: "not_on_sale".to_owned(),
            message,
        });
    }

    /// A product of Shopify: a row for each of its variants, which share name, text and images; the others hold images.
    fn of_shopify(&mut self, group: &[Record]) {
        let columns = &self.columns;
        let shared = |field: &str| {
            let texts = group.iter().map(|record| Cells::of(record, columns).text(field));
            texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
        };
        let (title, handle) = (shared("name"), shared(meaning::GROUP));
        let (description, category, on_sale) =
            (cells::text_of_html(&shared("description")), shared("category"), shared(meaning::ON_SALE));
        let images: Vec<&str> = group
            .iter()
            .map(|record| Cells::of(record, columns).text("image_urls"))
            .filter(|url| !url.is_empty())
            .collect();
        let is_variant = |record: &&Record| {
            ["sku", "price", "barcodes", meaning::OPTIONS[0]]
                .iter()
                .any(|field| !Cells::of(record, columns).text(field).is_empty())
        };
        let mut variants: Vec<&Record> = group.iter().filter(is_variant).collect();
        if variants.is_empty() {
            variants.extend(group.first());
        }
        let mut rows = Vec::new();
        for (index, record) in variants.iter().enumerate() {
            let cells = Cells::of(record, &self.columns);
            let options: Vec<&str> = meaning::OPTIONS.iter().map(|option| cells.text(option)).collect();
            let options: Vec<&str> = options
                .into_iter()
                .filter(|option| !option.is_empty() && *option != "Default Title")
                .collect();
            let name = if options.is_empty() || title.is_empty() {
                title.clone()
            } else {
                format!("{title} - {}", options.join(" / "))
            };
            let own = Some(cells.text(meaning::VARIANT_IMAGE)).filter(|url| !url.is_empty());
            let others = images.iter().copied().filter(|url| Some(*url) != own);
            let urls: Vec<&str> = own.into_iter().chain(others).take(IMAGES_MAX).collect();
            let mut row = self.row(record, |field| match field {
                "name" => Some(name.clone()),
                "description" => Some(description.clone()),
                "category" => Some(category.clone()),
                "image_urls" => Some(urls.join("|")),
                _ => None,
            });
            // It names the product, and of several variants the first.
            if index == 0 && !handle.is_empty() {
                row.members.push(("slug".to_owned(), Input::Text(handle.clone())));
                row.origins.push(("slug", cells.get(meaning::GROUP).map_or(0, |(at, _)| at), handle.clone()));
            }
            // Its status stands in the first row.
            let is_off = ["draft", "archived"].contains(&&*on_sale.to_ascii_lowercase());
            if is_off && row.errors.iter().all(|error| error.code != "not_on_sale") {
                let first = Cells::of(&group[0], &self.columns);
                self.refuse_unsold(&first, &mut row);
            }
            rows.push(row);
        }
        self.joined += u32::try_from(group.len() - rows.len()).unwrap_or(u32::MAX);
        self.ready.extend(rows);
    }

    /// A row of WooCommerce: what is varied is sold as its variations, which have no category of their own.
    fn of_woocommerce(&mut self, record: &Record) {
        let cells = Cells::of(record, &self.columns);
        let first_of = |text: &str| text.split(", ").next().unwrap_or_default().to_owned();
        if cells.text(meaning::ROW_TYPE).split(", ").any(|word| word == "variable") {
            let category = first_of(cells.text("category"));
            let id = format!("id:{}", cells.text(meaning::FOREIGN_ID));
            let keys = [id, cells.text("sku").to_owned()];
            if self.parents.len() < PARENTS_MAX {
                self.parents.extend(
                    keys.into_iter().filter(|key| !key.is_empty()).map(|key| (key, category.clone())),
                );
            }
            self.joined += 1;
            return;
        }
        let parent = self
            .parents
            .get(cells.text(meaning::PARENT))
            .filter(|_| cells.text("category").is_empty())
            .cloned();
        let row = self.row(record, |field| parent.clone().filter(|_| field == "category"));
        self.ready.push_back(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::Encoding;
    use crate::handlers::imports::columns::Columns;

    fn rows(about: Type, text: &str) -> (Vec<Row>, u32) {
        let (mut reader, _) = Reader::new(text.as_bytes(), Encoding::Utf8, None).expect("text");
        let header = reader.read().expect("sound").expect("a header");
        let columns = Columns::of_header(about, &header.cells, &Vec::new()).expect("known columns");
        let mut sheet = Sheet::new(reader, columns, about, Numbers { decimal: None, has_semicolons: false });
        let mut rows = Vec::new();
        while let Some(row) = sheet.read().expect("sound") {
            rows.push(row);
        }
        (rows, sheet.joined)
    }

    fn member<'a>(row: &'a Row, field: &str) -> &'a Input {
        let found = row.members.iter().find(|(name, _)| name == field);
        &found.unwrap_or_else(|| panic!("{field} is in {row:?}")).1
    }

    #[test]
    fn variants_of_shopify_are_products() {
        let text = "Handle,Title,Body (HTML),Product Category,Type,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src,Variant Image,Status
mug,Mug,<p>Blue &amp; round</p>,Home > Mugs,Mugs,Size,S,MUG-S,3,9.50,https://x/1.jpg,,active
mug,,,,,,L,MUG-L,4,11.00,https://x/2.jpg,https://x/l.jpg,
mug,,,,,,,,,,https://x/3.jpg,,
hat,Hat,,,,Title,Default Title,HAT,,5.00,,,draft
";
        let (rows, joined) = rows(Type::Products, text);
        assert_eq!((rows.len(), joined), (3, 1));
        let text = |text: &str| Input::Text(text.to_owned());
        assert_eq!((rows[0].line, rows[1].line, rows[2].line), (2, 3, 5));
        assert_eq!(member(&rows[0], "name"), &text("Mug - S"));
        assert_eq!(member(&rows[1], "name"), &text("Mug - L"));
        assert_eq!(member(&rows[2], "name"), &text("Hat"));
        assert_eq!(member(&rows[1], "description"), &text("Blue & round"));
        assert_eq!(member(&rows[1], "category"), &text("Mugs"));
        assert_eq!(member(&rows[0], "slug"), &text("mug"));
        assert_eq!(
            member(&rows[1], "image_urls"),
            &Input::List(["l", "1", "2", "3"].map(|name| text(&format!("https://x/{name}.jpg"))).to_vec())
        );
        assert_eq!(rows[2].errors[0].code, "not_on_sale");
        assert!(rows[0].errors.is_empty() && rows[1].errors.is_empty());
    }

    #[test]
    fn what_is_varied_in_woocommerce_is_no_product() {
        let text = "ID,Type,SKU,Name,Published,Short description,Description,Stock,Regular price,Categories,Images,Parent
1,variable,SHIRT,Shirt,1,short,<p>Long</p>,,,\"Clothing > Shirts, Sale\",\"https://x/1.jpg, https://x/2.jpg\",
2,variation,SHIRT-S,Shirt - S,1,,,5,\"12,50\",,,id:1
3,simple,CAP,Cap,-1,short,,2,8,Hats,,
";
        let (rows, joined) = rows(Type::Products, text);
        assert_eq!((rows.len(), joined), (2, 1));
        let text = |text: &str| Input::Text(text.to_owned());
        assert_eq!(member(&rows[0], "category"), &text("Clothing > Shirts"));
        assert_eq!(member(&rows[0], "price"), &text("12.50"));
        assert_eq!(member(&rows[1], "description"), &text("short"));
        assert_eq!(rows[1].errors[0].code, "not_on_sale");
        assert_eq!(rows[1].errors[0].column.as_deref(), Some("Published"));
    }

    #[test]
    fn people_of_shopify_and_items_of_square() {
        let (people, _) = rows(
            Type::Customers,
            "First Name,Last Name,Email,Phone\nAda,Lovelace,ada@example.com,1\n,Hopper,,\n",
        );
        assert_eq!(member(&people[0], "name"), &Input::Text("Ada Lovelace".to_owned()));
        assert_eq!(member(&people[1], "name"), &Input::Text("Hopper".to_owned()));
        let square = "Token,Item Name,Variation Name,SKU,Price,Archived\nA,Tea,Large,T-L,4.50,N\nB,Cake,Regular,C,3,Y\n";
        let (items, _) = rows(Type::Products, square);
        assert_eq!(member(&items[0], "name"), &Input::Text("Tea - Large".to_owned()));
        assert_eq!(member(&items[1], "name"), &Input::Text("Cake".to_owned()));
        assert_eq!(items[1].errors[0].code, "not_on_sale");
    }

    #[test]
    fn a_row_that_is_too_wide_is_refused() {
        let (rows, _) = rows(Type::Products, "sku,name\nA,B,C\nD,E,\n,\n,,\n");
        assert_eq!(rows[0].errors[0].code, "too_many_cells");
        assert!(rows[1].errors.is_empty());
        assert_eq!(rows.len(), 2);
    }
}
