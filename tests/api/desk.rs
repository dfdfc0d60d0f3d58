//! The desk as people use it, without scripts: who may open what, that each form does its work once, and that nothing
//! that anybody has written is taken for markup.

mod doors;
mod extremes;
mod files;
mod house;
mod imports;
mod odd;
mod orders;
mod people;
mod products;
mod purchase_orders;
mod restock;
mod stock_takes;
mod suppliers;
mod today;
pub mod twice;
mod webhooks;
mod words;
