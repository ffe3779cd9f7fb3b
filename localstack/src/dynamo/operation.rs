//! The operations we serve, named as in `X-Amz-Target`.

const VERSION: &str = "DynamoDB_20120810.";

/// One of DynamoDB's operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    BatchGetItem,
    BatchWriteItem,
    CreateTable,
    DeleteItem,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    ListTables,
    PutItem,
    Query,
    Scan,
    TransactGetItems,
    TransactWriteItems,
    UpdateItem,
    UpdateTimeToLive,
}

impl Operation {
    /// Reads a target such as `DynamoDB_20120810.PutItem`; `None` if we do not serve it.
    pub(super) fn from_target(target: &str) -> Option<Self> {
        Some(match target.strip_prefix(VERSION)? {
            "BatchGetItem" => Self::BatchGetItem,
            "BatchWriteItem" => Self::BatchWriteItem,
            "CreateTable" => Self::CreateTable,
            "DeleteItem" => Self::DeleteItem,
            "DescribeTable" => Self::DescribeTable,
            "DescribeTimeToLive" => Self::DescribeTimeToLive,
            "GetItem" => Self::GetItem,
            "ListTables" => Self::ListTables,
            "PutItem" => Self::PutItem,
            "Query" => Self::Query,
            "Scan" => Self::Scan,
            "TransactGetItems" => Self::TransactGetItems,
            "TransactWriteItems" => Self::TransactWriteItems,
            "UpdateItem" => Self::UpdateItem,
            "UpdateTimeToLive" => Self::UpdateTimeToLive,
            _ => return None,
        })
    }

    /// Whether a successful answer promises that something was stored.
    pub(super) fn writes(self) -> bool {
        match self {
            Self::BatchWriteItem
            | Self::CreateTable
            | Self::DeleteItem
            | Self::PutItem
            | Self::TransactWriteItems
            | Self::UpdateItem
            | Self::UpdateTimeToLive => true,
            Self::BatchGetItem
            | Self::DescribeTable
            | Self::DescribeTimeToLive
            | Self::GetItem
            | Self::ListTables
            | Self::Query
            | Self::Scan
            | Self::TransactGetItems => false,
        }
    }
}
